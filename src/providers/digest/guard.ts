import { digestHash } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import { BodyConsumed } from '../../core/body-consumed.ts'
import { AuthenticationError, AuthenticationFailedCause, InvalidCredentials } from '../../core/cause.ts'
import type { Throttle } from '../../core/ports.ts'
import type {
  AuthenticationContext,
  Awaitable,
  FailureVerdict,
  OnAccept,
  Principal,
  Verdict,
} from '../../core/provider.ts'
import type { BodyReading } from '../../core/request.ts'
import { type Judgement, throttled } from '../../core/throttled.ts'
import { type PrincipalFrom, type Validated, verdictOf } from '../../core/validate.ts'
import { constantTimeEqual } from '../../crypto/index.ts'
import { hasScheme, isAmongSeveral } from '../../wire/authorization.ts'
import type { Challenge } from '../../wire/challenges.ts'
import type { AlgorithmRow } from './algorithms.ts'
import { authenticationInfo, authenticationInfoOfBody } from './authentication-info.ts'
import {
  type DigestCredential,
  type DigestReading,
  malformedCredential,
  malformedRequest,
  readDigest,
  unreadable,
} from './credential.ts'
import type { LiveNonce, Nonces } from './nonce.ts'
import type { CountUse } from './nonce-count.ts'
import type { Settings } from './options.ts'
import { responseOf, sessionKey } from './response.ts'
import type { Found, Source } from './source.ts'
import { designates } from './target.ts'

/** Who was proved to know the password, where there is no `validate`. */
export interface DigestPrincipal {
  readonly name: string
}

export interface GuardOptions<P extends Principal> {
  readonly settings: Settings
  readonly validate:
    | ((credential: DigestCredential, context: AuthenticationContext) => Awaitable<Validated<P>>)
    | undefined
  readonly write: (nonce: string, stale: boolean) => readonly Challenge[]
  readonly source: Source
  readonly nonces: Nonces
  readonly countUse: CountUse
  readonly throttle: Throttle | undefined
  readonly allowRfc2069: boolean
  readonly proxy: boolean
}

type DigestVerdict<P extends Principal> = Verdict<PrincipalFrom<P> | DigestPrincipal>

/** A credential whose response was right. */
interface Proof {
  readonly credential: DigestCredential
  readonly algorithm: AlgorithmRow
  readonly ha1: string
  /** `undefined`: not ours, or its time is over. */
  readonly nonce: LiveNonce | undefined
}

/** A client that has made more requests with one nonce takes another, so that counts stay small. */
const MAXIMUM_COUNT = 2 ** 20

const wrongRealm = malformedCredential('the realm is another one')
const wrongAlgorithm = malformedCredential('the algorithm is not offered here')
const wrongQop = malformedCredential('the qop is not offered here')
const noQop = malformedRequest('qop must be there: the form of RFC 2069 is not accepted')
const wrongOpaque = malformedCredential('opaque is not what was sent')
const noUserhash = malformedCredential('hashed names are not offered here')
const wrongTarget = malformedRequest('uri is not the request target')
const tooLarge = new InvalidCredentials('too-large')
const wrongSecret = new InvalidCredentials('wrong-secret')
const expired = new InvalidCredentials('expired', { detail: 'the nonce is not ours or its time is over' })
const replayed = new InvalidCredentials('replayed', { detail: 'the count was used before with this nonce' })

/** A replayed response proves nothing about who sends it, and a nonce that has aged nothing at all. */
function judgementOf({ cause }: Verdict): Judgement {
  return cause === undefined ? 'right' : cause === wrongSecret ? 'wrong' : 'unknown'
}

/** One `digest()`: from a request to a verdict, in one tick where nothing that it asks takes longer. */
export class Guard<P extends Principal> {
  readonly #options: GuardOptions<P>
  readonly #field: string
  readonly #infoField: string
  readonly #algorithms: ReadonlySet<string>
  readonly #qops: ReadonlySet<string | undefined>

  constructor(options: GuardOptions<P>) {
    this.#options = options
    this.#field = options.proxy ? 'proxy-authorization' : 'authorization'
    this.#infoField = options.proxy ? 'Proxy-Authentication-Info' : 'Authentication-Info'
    this.#algorithms = new Set(options.settings.algorithms)
    this.#qops = new Set(options.settings.qop)
  }

  authenticate(context: AuthenticationContext): Awaitable<DigestVerdict<P>> {
    const value = context.request.header(this.#field)
    if (value === undefined) return this.#refuse(AuthenticationFailedCause.NoCredentials, context)
    if (!hasScheme(value, 'digest')) {
      const isOurs = isAmongSeveral(value, 'digest')
      return this.#refuse(isOurs ? unreadable : AuthenticationFailedCause.NoCredentials, context)
    }
    const reading = readDigest(value)
    if (reading instanceof InvalidCredentials) return this.#refuse(reading, context)
    const misfit = this.#misfit(reading.credential, context)
    if (misfit !== undefined) return this.#refuse(misfit, context)
    const { source, throttle } = this.#options
    return chain(source.nameOf(reading.credential, reading.algorithm), (username) => {
      if (throttle === undefined) return this.#judge(reading, username, context)
      // Under one account, whether it comes by name or hashed.
      const account = username ?? reading.credential.username
      const attempt = { account, address: context.request.peer.address }
      return throttled(throttle, attempt, context, () => this.#judge(reading, username, context), judgementOf)
    })
  }

  #judge(reading: DigestReading, username: string | null, context: AuthenticationContext): Awaitable<DigestVerdict<P>> {
    const { nonces, source } = this.#options
    return chain(nonces.read(reading.credential.nonce, context), (nonce) =>
      chain(source.find(username, reading.algorithm, context), (found) => this.#verify(reading, found, nonce, context)),
    )
  }

  /** What was answered to another challenge than ours, or for another request than this. */
  #misfit(credential: DigestCredential, { request }: AuthenticationContext): InvalidCredentials | undefined {
    const { realm, algorithm, qop, opaque, userhash, uri } = credential
    const { settings, allowRfc2069 } = this.#options
    if (realm !== settings.realm) return wrongRealm
    if (!this.#algorithms.has(algorithm)) return wrongAlgorithm
    if (qop === undefined && !allowRfc2069) return noQop
    if (qop !== undefined && !this.#qops.has(qop)) return wrongQop
    if ((opaque ?? '') !== (settings.opaque ?? '')) return wrongOpaque
    if (userhash && !settings.userhash) return noUserhash
    return designates(uri, request) ? undefined : wrongTarget
  }

  /** Computes the same for everybody, known or not, whatever their nonce. */
  #verify(
    { credential, algorithm }: DigestReading,
    found: Found,
    nonce: LiveNonce | undefined,
    context: AuthenticationContext,
  ): Awaitable<DigestVerdict<P>> {
    return chain(sessionKey(algorithm, found.ha1, credential), (ha1) =>
      chain(credential.qop === 'auth-int' ? this.#bodyHash(algorithm, context) : undefined, (bodyHash) => {
        if (typeof bodyHash === 'object') return this.#refuse(bodyHash, context)
        const expected = responseOf(algorithm, ha1, credential, context.request.method, bodyHash)
        return chain(expected, (response) => {
          const isRight = constantTimeEqual(credential.response, response)
          if (!isRight || !found.known) return this.#refuse(wrongSecret, context)
          const named = credential.userhash ? { ...credential, username: found.username } : credential
          return this.#proved({ credential: named, algorithm, ha1, nonce }, context)
        })
      }),
    )
  }

  /** A cause when the body cannot be had as it came. */
  async #bodyHash(
    { hash }: AlgorithmRow,
    { request }: AuthenticationContext,
  ): Promise<string | InvalidCredentials | AuthenticationError> {
    const body = await request.body(this.#options.settings.limitBytes).catch(eaten)
    switch (body.kind) {
      case 'bytes':
        return await digestHash(hash, body.bytes)
      case 'none':
        return await digestHash(hash, '')
      case 'too-large':
        return tooLarge
      case 'parsed':
        return new AuthenticationError(
          'digest(): "auth-int" needs the body as it came: mount becauth before the body parser',
          { code: 'body-parsed', retryable: false },
        )
    }
  }

  /** The client knows the password. What is left is whether it may use it with this nonce and this count. */
  #proved(proof: Proof, context: AuthenticationContext): Awaitable<DigestVerdict<P>> {
    const { nonce, credential } = proof
    if (nonce === undefined) return this.#refuse(expired, context, true)
    // RFC 2069 counts nothing.
    if (credential.nc === undefined) return this.#accept(proof, nonce, context)
    const count = Number.parseInt(credential.nc, 16)
    if (count > MAXIMUM_COUNT) return this.#refuse(expired, context, true)
    return chain(this.#options.countUse(nonce, count, context), (freshness) => {
      switch (freshness) {
        case 'fresh':
          return this.#accept(proof, nonce, context)
        case 'seen':
          return this.#refuse(replayed, context, true)
        case 'stale':
          return this.#refuse(expired, context, true)
        case 'full':
          return { cause: new AuthenticationError('digest(): the nonce store is full', { code: 'nonce-store-full' }) }
        default:
          return {
            cause: new AuthenticationError('digest(): "nonceStore" must answer a word', { code: 'invalid-answer' }),
          }
      }
    })
  }

  #accept(proof: Proof, nonce: LiveNonce, context: AuthenticationContext): Awaitable<DigestVerdict<P>> {
    const { credential, algorithm, ha1 } = proof
    // With -sess the nonce is part of the session's key, which another nonce would end.
    const next = nonce.aged && !algorithm.session ? this.#options.nonces.create(context) : undefined
    return chain(next, (nextNonce) => {
      const answer = { field: this.#infoField, credential, nextNonce }
      if (credential.qop === 'auth-int') {
        return this.#validate(credential, authenticationInfoOfBody(answer, algorithm, ha1), context)
      }
      const rspauth = credential.qop === undefined ? undefined : responseOf(algorithm, ha1, credential, '', undefined)
      return chain(rspauth, (text) => this.#validate(credential, authenticationInfo(answer, text), context))
    })
  }

  #validate(
    credential: DigestCredential,
    onAccept: OnAccept,
    context: AuthenticationContext,
  ): Awaitable<DigestVerdict<P>> {
    const { validate } = this.#options
    if (validate === undefined) {
      return { principal: { name: credential.username }, ambient: 'browser-or-tool', onAccept }
    }
    const answer = validate(credential, context)
    return chain(verdictOf<P>(answer, 'digest()', { ambient: 'browser-or-tool', onAccept }), (verdict) =>
      verdict.cause === undefined ? verdict : this.#refuse(verdict.cause, context),
    )
  }

  /** Every refusal that is challenged gets a nonce of its own. */
  #refuse(
    cause: AuthenticationFailedCause,
    context: AuthenticationContext,
    stale: boolean = false,
  ): Awaitable<FailureVerdict> {
    if (cause.kind === 'Error' && cause.retryable) return { cause }
    const { nonces, write } = this.#options
    return chain(nonces.create(context), (nonce) => ({ cause, challenges: write(nonce, stale) }))
  }
}

/** A body of which nothing is left is as good as parsed; whatever else went wrong may go right the next time. */
function eaten(thrown: unknown): BodyReading {
  if (thrown instanceof BodyConsumed) return { kind: 'parsed', value: undefined }
  throw thrown
}
