import { sha256 } from '#crypto'
import { AuthenticationError, InvalidCredentials, isCause } from '../../core/cause.ts'
import type { AuthenticationContext, FailureVerdict, Principal, Verdict } from '../../core/provider.ts'
import type { RequestView } from '../../core/request.ts'
import { absent, type PrincipalFrom, verdictOf } from '../../core/validate.ts'
import { encodeBase64Url } from '../../wire/base64.ts'
import { isMethod, isSignedByKey, isSignedBySecrets, kindOf, type Oauth1SignatureMethod } from './methods.ts'
import {
  isConsumer,
  type Oauth1Consumer,
  type Oauth1Credential,
  type Oauth1Principal,
  type Oauth1SignatureOptions,
  type Oauth1SignatureOptionsOf,
  type Oauth1Token,
  type SignatureSettings,
  signatureSettingsOf,
} from './signature-options.ts'
import { malformedRequest, type ReadRequest, readSignedRequest } from './signed-request.ts'

const NAMESPACE = 'oauth1'
/** What an unknown consumer's signature is computed with, so that nobody learns by the time who is known. */
const nobody = { consumerSecret: 'nobody', tokenSecret: 'nobody' }

const noConsumer = malformedRequest('oauth_consumer_key must be there')
const noSignature = malformedRequest('oauth_signature must be there')
const otherVersion = malformedRequest('oauth_version is not 1.0')
const otherMethod = malformedRequest('oauth_signature_method is none that is known')
const noTime = malformedRequest('oauth_timestamp must be a positive whole number')
const noNonce = malformedRequest('oauth_nonce must be there')
const tooLong = malformedRequest('a protocol parameter is too long')
const noToken = malformedRequest('oauth_token must be there')
const notAccepted = new InvalidCredentials('wrong-type', { detail: 'the signature method is not accepted here' })
const unprotected = new InvalidCredentials('wrong-type', {
  detail: 'PLAINTEXT goes over TLS and in the Authorization field only',
})
const expired = new InvalidCredentials('expired', { detail: 'the timestamp is too old' })
const notYetValid = new InvalidCredentials('not-yet-valid', { detail: 'the timestamp is in the future' })
const unknownConsumer = new InvalidCredentials('unknown', { detail: 'the consumer is unknown' })
const unknownToken = new InvalidCredentials('unknown', { detail: 'the token is unknown' })
const badSignature = new InvalidCredentials('bad-signature')
const replayed = new InvalidCredentials('replayed', { detail: 'the nonce was used before with this timestamp' })

/** Keys, tokens and nonces are shorter; a signature of a 4096-bit key has 684 characters. */
const LONGEST = 1024

interface Claims extends ReadRequest {
  readonly consumerKey: string
  readonly token: string | undefined
  readonly method: Oauth1SignatureMethod
  readonly signature: string
  /** `undefined` with `PLAINTEXT`, which may come without. */
  readonly once: { readonly timestamp: number; readonly nonce: string } | undefined
}

type Options<P extends Principal> =
  | Oauth1SignatureOptions<Oauth1Consumer, Oauth1Token>
  | Oauth1SignatureOptionsOf<Oauth1Consumer, Oauth1Token, P>

/** One `oauth1Signature()`: from a request to a verdict. */
export class SignatureCheck<P extends Principal> {
  readonly #options: Options<P>
  readonly #settings: SignatureSettings

  constructor(options: Options<P>) {
    this.#options = options
    this.#settings = signatureSettingsOf(options)
  }

  /** Whether the request could be signed; asked before anything asynchronous. */
  concerns(request: RequestView): boolean {
    const { places } = this.#settings
    return places.has('form') || places.has('query') || request.header('authorization') !== undefined
  }

  async authenticate(context: AuthenticationContext): Promise<Verdict<Oauth1Principal | PrincipalFrom<P>>> {
    const read = await readSignedRequest(context.request, this.#settings)
    if (read === undefined) return absent
    if (isCause(read)) return { cause: read }
    const claims = this.#claimsOf(read, context)
    if (isCause(claims)) return { cause: claims }
    const found = await this.#verified(claims, context)
    if ('cause' in found) return found
    const unused = await this.#isUnused(claims, context)
    if (!unused) return { cause: replayed }
    return this.#accept(claims, found, context)
  }

  /** What the request says, judged by itself. */
  #claimsOf(read: ReadRequest, context: AuthenticationContext): Claims | InvalidCredentials {
    const { protocol } = read
    for (const value of protocol.values()) if (value.length > LONGEST) return tooLong
    const consumerKey = protocol.get('oauth_consumer_key') ?? ''
    const signature = protocol.get('oauth_signature') ?? ''
    // Some clients send an empty token where they have none.
    const token = protocol.get('oauth_token') || undefined
    const method = protocol.get('oauth_signature_method')
    if (consumerKey === '') return noConsumer
    if (signature === '') return noSignature
    if (!isMethod(method)) return otherMethod
    if ((protocol.get('oauth_version') ?? '1.0') !== '1.0') return otherVersion
    if (token === undefined && this.#settings.requireToken) return noToken
    const isPlaintext = kindOf(method) === 'plaintext'
    if (isPlaintext && (read.place !== 'header' || context.request.url.protocol !== 'https:')) return unprotected
    const once = this.#onceOf(protocol, isPlaintext, context)
    return once instanceof InvalidCredentials ? once : { ...read, consumerKey, token, method, signature, once }
  }

  #onceOf(
    protocol: ReadonlyMap<string, string>,
    optional: boolean,
    context: AuthenticationContext,
  ): Claims['once'] | InvalidCredentials {
    const text = protocol.get('oauth_timestamp')
    const nonce = protocol.get('oauth_nonce') ?? ''
    if (optional && text === undefined && nonce === '') return undefined
    if (!/^[1-9]\d{0,14}$/.test(text ?? '')) return noTime
    if (nonce === '') return noNonce
    const timestamp = Number(text)
    const age = Math.floor(context.now()) - timestamp
    // Written so that no comparison with NaN, of a broken clock, lets it pass.
    if (!(age <= this.#settings.toleranceSeconds)) return expired
    return age >= -this.#settings.toleranceSeconds ? { timestamp, nonce } : notYetValid
  }

  /** Whose signature it is; computes one also for those that are unknown. */
  async #verified(claims: Claims, context: AuthenticationContext): Promise<Found | FailureVerdict> {
    const { consumerKey, token, method, baseString, signature } = claims
    const consumer = await this.#options.consumers(consumerKey, context)
    const grant =
      token === undefined ? undefined : ((await this.#options.tokens?.(token, consumerKey, context)) ?? null)
    if (consumer !== null && !isConsumer(consumer)) {
      throw invalidAnswer('"consumers" must answer an object with "methods" and what they need, or null')
    }
    if (grant !== null && grant !== undefined && typeof grant.secret !== 'string') {
      throw invalidAnswer('"tokens" must answer an object with "secret", or null')
    }
    if (consumer === null || grant === null) {
      if (kindOf(method) !== 'rsa') await isSignedBySecrets(method, baseString, nobody, signature)
      return { cause: consumer === null ? unknownConsumer : unknownToken }
    }
    if (!this.#settings.methods.has(method) || !consumer.methods.includes(method)) return { cause: notAccepted }
    const { secret = '', publicKey = '' } = consumer
    const isRight =
      kindOf(method) === 'rsa'
        ? await isSignedByKey(method, baseString, publicKey, signature)
        : await isSignedBySecrets(
            method,
            baseString,
            { consumerSecret: secret, tokenSecret: grant?.secret ?? '' },
            signature,
          )
    return isRight ? { consumer, grant } : { cause: badSignature }
  }

  /** RFC 5849, section 3.3: once for the same consumer, token and timestamp. */
  async #isUnused({ consumerKey, token, once }: Claims, context: AuthenticationContext): Promise<boolean> {
    if (once === undefined) return true
    const { replayStore, toleranceSeconds } = this.#settings
    const used = JSON.stringify([consumerKey, token ?? '', once.timestamp, once.nonce])
    const key = encodeBase64Url(await sha256(used))
    // The first second in which the timestamp is refused by itself.
    const expiresAt = once.timestamp + toleranceSeconds + 1
    const freshness = await replayStore.consume(NAMESPACE, key, expiresAt, context)
    if (freshness === 'fresh' || freshness === 'seen') return freshness === 'fresh'
    throw new AuthenticationError('oauth1Signature(): the store of used nonces has no room', {
      code: 'one-time-store-full',
    })
  }

  async #accept(
    { consumerKey, token, protocol }: Claims,
    { consumer, grant }: Found,
    context: AuthenticationContext,
  ): Promise<Verdict<Oauth1Principal | PrincipalFrom<P>>> {
    const { validate } = this.#options
    if (validate === undefined) return { principal: { consumerKey, token } }
    const credential: Oauth1Credential<Oauth1Consumer, Oauth1Token> = {
      consumerKey,
      consumer,
      token,
      grant,
      parameters: protocol,
    }
    return verdictOf<P>(validate(credential, context), 'oauth1Signature()')
  }
}

interface Found {
  readonly consumer: Oauth1Consumer
  readonly grant: Oauth1Token | undefined
}

function invalidAnswer(sentence: string): AuthenticationError {
  return new AuthenticationError(`oauth1Signature(): ${sentence}`, { code: 'invalid-answer' })
}
