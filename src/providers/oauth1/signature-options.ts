import type { OneTimeStore } from '../../core/ports.ts'
import type { AuthenticationContext, Awaitable, ChallengeFunction, Principal } from '../../core/provider.ts'
import type { Validated } from '../../core/validate.ts'
import { memoryOneTimeStore } from '../../stores/memory/one-time-store.ts'
import { isPrintableAscii } from '../../wire/tokens.ts'
import { isMethod, kindOf, type Oauth1SignatureMethod } from './methods.ts'
import type { Oauth1Place, ReadingSettings } from './signed-request.ts'

/** An application that signs requests, as `consumers` answers it. It may have more members. */
export interface Oauth1Consumer {
  /**
   * How it may sign; at least one. Another is `wrong-type`, so that nobody who learned a weaker credential of it can sign
   * in a weaker way.
   */
  readonly methods: readonly Oauth1SignatureMethod[]
  /** The secret that it has in common with the service, for the HMAC methods and `PLAINTEXT`: not empty. */
  readonly secret?: string | undefined
  /** Its public key for the RSA methods: PEM with the label `PUBLIC KEY`, 2048 bits or more. */
  readonly publicKey?: string | undefined
}

/** A token that a consumer was given, as `tokens` answers it. It may have more members. */
export interface Oauth1Token {
  /** The secret that was given with it. */
  readonly secret: string
}

/** A request whose signature was right. */
export interface Oauth1Credential<C extends Oauth1Consumer, T extends Oauth1Token> {
  readonly consumerKey: string
  /** What `consumers` answered. */
  readonly consumer: C
  /** The token's name; `undefined` where the consumer speaks for itself. */
  readonly token: string | undefined
  /** What `tokens` answered; `undefined` where there is no token. */
  readonly grant: T | undefined
  /** Every parameter that begins with `oauth_`, all of them signed: `oauth_verifier`, `oauth_callback`. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Who signed, where there is no `validate`. */
export interface Oauth1Principal {
  readonly consumerKey: string
  /** `undefined` where the consumer speaks for itself. */
  readonly token: string | undefined
}

/** What `oauth1Signature()` is told. */
export interface Oauth1SignatureOptions<C extends Oauth1Consumer, T extends Oauth1Token> {
  /** Finds a consumer by its key; `null` when there is none. */
  readonly consumers: (consumerKey: string, context: AuthenticationContext) => Awaitable<C | null>
  /**
   * Finds a token that was given to this consumer; `null` when there is none. Default: every token is unknown, and only
   * requests without one pass.
   */
  readonly tokens?:
    | ((token: string, consumerKey: string, context: AuthenticationContext) => Awaitable<T | null>)
    | undefined
  /** Whether a request must have a token. Default: `false`. */
  readonly requireToken?: boolean | undefined
  /**
   * The methods that are accepted at all; a consumer's own `methods` narrow them. Default: all but `PLAINTEXT`, which goes over
   * TLS and in the `Authorization` field only, and proves nothing about the request.
   */
  readonly methods?: readonly Oauth1SignatureMethod[] | undefined
  /**
   * Where protocol parameters may be. Bodies are read only for `'form'`, and where a signed request has one. Default:
   * `['header']`. LTI 1.1 wants `'form'`.
   */
  readonly places?: readonly Oauth1Place[] | undefined
  /** How far a client's clock may be off, in seconds, 1 to 3600: as long nonces are remembered. Default: 300. */
  readonly timestampToleranceSeconds?: number | undefined
  /**
   * Where used nonces are remembered, by consumer, token and timestamp. Several processes need one that they share. Default:
   * `memoryOneTimeStore()`, this process's memory.
   */
  readonly replayStore?: OneTimeStore | undefined
  /** How much of a signed form is read, in bytes; a larger one is `too-large`: 413. Default: 65,536. */
  readonly limitBytes?: number | undefined
  /** Names the protected area: printable US-ASCII, not empty. Default: the provider's name. */
  readonly realm?: string | undefined
  /** Chooses another answer for a refusal. Default: the OAuth challenge. */
  readonly challenge?: ChallengeFunction | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
  /** Left out, the principal is `{ consumerKey, token }`. */
  readonly validate?: undefined
}

/** `Oauth1SignatureOptions` with a principal of one's own. */
export interface Oauth1SignatureOptionsOf<C extends Oauth1Consumer, T extends Oauth1Token, P extends Principal>
  extends Omit<Oauth1SignatureOptions<C, T>, 'validate'> {
  /** Answers the principal for a request whose signature was right, `null` for a plain no, or a cause. */
  readonly validate: (credential: Oauth1Credential<C, T>, context: AuthenticationContext) => Awaitable<Validated<P>>
}

export interface SignatureSettings extends ReadingSettings {
  readonly methods: ReadonlySet<Oauth1SignatureMethod>
  readonly toleranceSeconds: number
  readonly replayStore: OneTimeStore
  readonly requireToken: boolean
}

const everyPlace: readonly unknown[] = ['header', 'form', 'query'] satisfies Oauth1Place[]
const signedMethods: readonly Oauth1SignatureMethod[] = ['HMAC-SHA256', 'HMAC-SHA1', 'RSA-SHA256', 'RSA-SHA1']

/** @throws TypeError when an option is not what it must be, in a sentence that names it. */
export function signatureSettingsOf<C extends Oauth1Consumer, T extends Oauth1Token>(
  options: Oauth1SignatureOptions<C, T> | Oauth1SignatureOptionsOf<C, T, Principal>,
): SignatureSettings {
  must(typeof options === 'object' && options !== null, 'wants an object of options')
  const { consumers, tokens, requireToken, methods = signedMethods, places = ['header'], validate, challenge } = options
  const { timestampToleranceSeconds = 300, replayStore = memoryOneTimeStore(), limitBytes = 65_536, realm } = options
  must(typeof consumers === 'function', '"consumers" must be a function')
  must(tokens === undefined || typeof tokens === 'function', '"tokens" must be a function')
  must(requireToken !== true || tokens !== undefined, '"requireToken" needs "tokens"')
  must(isListOf(methods, isMethod), '"methods" must be a list of names such as "HMAC-SHA256", each once')
  must(
    isListOf(places, (place) => everyPlace.includes(place)),
    '"places" must be a list of "header", "form" and "query", each once',
  )
  must(
    Number.isSafeInteger(timestampToleranceSeconds) &&
      timestampToleranceSeconds >= 1 &&
      timestampToleranceSeconds <= 3600,
    '"timestampToleranceSeconds" must be a whole number from 1 to 3600',
  )
  must(typeof replayStore?.consume === 'function', '"replayStore" must be a OneTimeStore')
  must(Number.isSafeInteger(limitBytes) && limitBytes >= 1, '"limitBytes" must be a positive whole number')
  must(
    realm === undefined || (typeof realm === 'string' && realm !== '' && isPrintableAscii(realm)),
    '"realm" must be a non-empty string of printable US-ASCII',
  )
  must(validate === undefined || typeof validate === 'function', '"validate" must be a function')
  must(challenge === undefined || typeof challenge === 'function', '"challenge" must be a function')
  return {
    methods: new Set(methods),
    places: new Set(places),
    toleranceSeconds: timestampToleranceSeconds,
    replayStore,
    limitBytes,
    requireToken: requireToken === true,
  }
}

function must(holds: boolean, sentence: string): void {
  if (!holds) throw new TypeError(`oauth1Signature(): ${sentence}`)
}

function isListOf(list: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(list) && list.length > 0 && list.every(is) && new Set(list).size === list.length
}

/** Whether what `consumers` answered can be used at all. */
export function isConsumer(consumer: Oauth1Consumer): boolean {
  if (typeof consumer !== 'object' || !isListOf(consumer.methods, isMethod)) return false
  return consumer.methods.every((method) =>
    kindOf(method) === 'rsa' ? typeof consumer.publicKey === 'string' : isSecret(consumer.secret),
  )
}

function isSecret(secret: unknown): boolean {
  return typeof secret === 'string' && secret !== ''
}
