import { sha256 } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import { BoundedMap } from '../../core/bounded-map.ts'
import { AuthenticationError } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import type { HeaderField } from '../../core/request.ts'
import type { PresentedToken, ProofRefused, ProofVerdict, TokenProof } from '../../core/token-proof.ts'
import { encodeBase64Url } from '../../wire/base64.ts'
import type { Challenge } from '../../wire/challenges.ts'
import { normalizedUri, uriOf } from './http-uri.ts'
import { type LiveNonce, Nonces } from './nonce.ts'
import { type DpopOptions, type DpopSettings, settingsOf } from './options.ts'
import { type ProofClaims, type ProofKey, verifyProof } from './proof.ts'
import {
  downgraded,
  missing,
  nonceWanted,
  replayed,
  unbound,
  wrongMethod,
  wrongTime,
  wrongToken,
  wrongUri,
} from './refusals.ts'

export type { DpopAlgorithm, DpopNonceOptions, DpopOptions } from './options.ts'

/**
 * Has clients prove with each request that they have the key that their token is bound to, so that a token that was stolen
 * is of no use to anybody else.
 *
 * Tokens with `cnf.jkt` must come in the scheme DPoP with a proof in the DPoP header field: made for this method and
 * address, just now, for this token, by that key, and never used before. Tokens that are bound to nothing still come as
 * Bearer, unless the provider's own `scheme` is `'DPoP'`. The address is the one that clients see: behind proxies, set
 * `trustedProxies` or `baseUrl` of `authentication()`; where `Host` is not checked by anything in front, set `baseUrl`, or
 * whoever had a proof made for an address of theirs can use it here.
 *
 * @example
 * import { dpop } from 'becauth/dpop'
 * import { jwt } from 'becauth/jwt'
 * import { jwks } from 'becauth/keys'
 *
 * export const api = jwt({
 *   issuer: 'https://id.example',
 *   audience: 'https://orders.example',
 *   keys: jwks('https://id.example/jwks.json'),
 *   proofs: [dpop()],
 * })
 *
 * @throws TypeError when an option cannot be used.
 * @see RFC 9449
 */
export function dpop(options: DpopOptions = {}): TokenProof {
  return new Dpop(settingsOf(options))
}

const NAMESPACE = 'dpop'
const KEYS_KEPT = 5000

const exposed: HeaderField = Object.freeze(['Access-Control-Expose-Headers', 'DPoP-Nonce, WWW-Authenticate'] as const)
const accepted: ProofVerdict = Object.freeze({})

/** A proof that is right: by a nonce that is not for long, or not. */
interface Right {
  readonly cause?: undefined
  readonly aged: boolean
}

type Judgement = Right | ProofRefused

const fresh: Right = Object.freeze({ aged: false })
const aging: Right = Object.freeze({ aged: true })

class Dpop implements TokenProof {
  readonly confirms = 'jkt'
  readonly challenge: Challenge
  readonly #settings: DpopSettings
  readonly #known = new BoundedMap<ProofKey>(KEYS_KEPT)
  readonly #nonces: Nonces | undefined

  constructor(settings: DpopSettings) {
    const { algorithms, nonce } = settings
    this.challenge = Object.freeze({ scheme: 'DPoP', parameters: [['algs', algorithms.join(' ')] as const] })
    this.#settings = settings
    this.#nonces = nonce === undefined ? undefined : new Nonces(nonce.keys, nonce.lifetimeSeconds)
  }

  prove(presented: PresentedToken, context: AuthenticationContext): Awaitable<ProofVerdict> {
    return chain(this.#judge(presented, context), (judged) => {
      if (this.#nonces !== undefined && judged !== fresh) return withNonce(judged, this.#nonces, context)
      return judged.cause === undefined ? accepted : judged
    })
  }

  #judge({ token, scheme, confirmation }: PresentedToken, context: AuthenticationContext): Awaitable<Judgement> {
    if (scheme !== undefined && scheme !== 'dpop') return downgraded
    if (typeof confirmation !== 'string') return unbound
    const field = context.request.header('dpop')
    if (field === undefined) return missing
    const verified = verifyProof(field, confirmation, this.#settings.algorithms, this.#known)
    return chain(verified, (claims) =>
      'cause' in claims ? claims : this.#judgeClaims(claims, token, confirmation, context),
    )
  }

  #judgeClaims(claims: ProofClaims, token: string, jkt: string, context: AuthenticationContext): Awaitable<Judgement> {
    const { request } = context
    if (claims.htm !== request.method) return wrongMethod
    const uri = normalizedUri(claims.htu)
    if (uri === undefined || uri !== uriOf(request.url)) return wrongUri
    return chain(sha256(token), (hash) => {
      if (claims.ath !== encodeBase64Url(hash)) return wrongToken
      return chain(this.#liveUntil(claims, context), (live) =>
        'cause' in live ? live : this.#consume(`${jkt}\n${uri}\n${claims.jti}`, live, context),
      )
    })
  }

  /** How long the proof could be used. A nonce says when it was made, whatever the client's clock says. */
  #liveUntil({ iat, nonce }: ProofClaims, context: AuthenticationContext): Awaitable<LiveNonce | ProofRefused> {
    if (this.#nonces !== undefined) {
      return nonce === undefined ? nonceWanted : chain(this.#nonces.read(nonce, context), (live) => live ?? nonceWanted)
    }
    const { maxAgeSeconds, clockToleranceSeconds: tolerance } = this.#settings
    const age = context.now() - iat
    // Written so that no comparison with NaN, of a broken clock, lets it pass.
    if (!(age >= -tolerance && age <= maxAgeSeconds + tolerance)) return wrongTime
    return { expiresAt: iat + maxAgeSeconds + tolerance, aged: false }
  }

  #consume(used: string, { expiresAt, aged }: LiveNonce, context: AuthenticationContext): Awaitable<Judgement> {
    const { store } = this.#settings
    return chain(sha256(used), (hash) => {
      // One second more, for the second in which it ends counts as well.
      const answer = store.consume(NAMESPACE, encodeBase64Url(hash), expiresAt + 1, context)
      return chain(answer, (freshness) => {
        if (freshness === 'fresh') return aged ? aging : fresh
        if (freshness === 'seen') return replayed
        throw new AuthenticationError('dpop(): the store of used proofs has no room', { code: 'one-time-store-full' })
      })
    })
  }
}

function withNonce(judged: Judgement, nonces: Nonces, context: AuthenticationContext): Awaitable<ProofVerdict> {
  return chain(nonces.create(context), (nonce) => {
    const field: HeaderField = ['DPoP-Nonce', nonce]
    // Pages of other origins see no field that is not exposed to them.
    const always = context.request.header('origin') === undefined ? [field] : [field, exposed]
    return judged.cause === undefined ? { always } : { ...judged, always }
  })
}
