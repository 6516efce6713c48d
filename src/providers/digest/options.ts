import { hasDigestHash } from '#crypto'
import type { NonceStore, Throttle } from '../../core/ports.ts'
import type { AuthenticationContext, Awaitable, ChallengeFunction, Principal } from '../../core/provider.ts'
import { checkThrottle } from '../../core/throttled.ts'
import type { Validated } from '../../core/validate.ts'
import { encodeUtf8 } from '../../wire/text.ts'
import { isPrintableAscii } from '../../wire/tokens.ts'
import { algorithmNamed, type DigestAlgorithm } from './algorithms.ts'
import type { DigestCredential, DigestQop } from './credential.ts'
import type { DigestSource } from './source.ts'

/** What `digest()` is told. Passwords come from one of `ha1` and `secret`. */
export interface DigestOptions extends DigestSource {
  /** Names the area to the person at the prompt and is part of every hash: printable US-ASCII, not empty. */
  readonly realm: string
  /**
   * The algorithms offered, the preferred one first; the table at `digest()` says which client makes what of two. MD5 is
   * broken for signatures, not yet for this; offer it only to clients that know nothing else. Default: `['SHA-256']`.
   */
  readonly algorithms?: readonly DigestAlgorithm[] | undefined
  /**
   * What clients may protect: `'auth'` the request line, `'auth-int'` the body as well, for which it is held in memory.
   * Default: `['auth']`.
   */
  readonly qop?: readonly DigestQop[] | undefined
  /** A text that clients must send back; printable US-ASCII. Default: none. */
  readonly opaque?: string | undefined
  /** The URIs that share these credentials, for clients that ask before they are asked. Default: all of the origin. */
  readonly domain?: readonly string[] | undefined
  /**
   * Keys with which nonces are signed, the current one first, each 32 octets or characters at least. Older ones stay as
   * long as their nonces live. All processes behind one address must have the same keys, and a `nonceStore` that they share.
   * Default: a random key of this process, so that a restart costs every client one more round trip.
   */
  readonly nonceKeys?: readonly (Uint8Array | string)[] | undefined
  /** How long a nonce lives, in seconds. Default: 300. */
  readonly nonceLifetimeSeconds?: number | undefined
  /** Whether a nonce is good for one client address only, which costs clients that change theirs. Default: `false`. */
  readonly nonceForAddress?: boolean | undefined
  /** Where used counts are remembered. Default: `memoryNonceStore()`, this process's memory. */
  readonly nonceStore?: NonceStore | undefined
  /** Whether counts must come one by one in order. Default: `false`: each of the last 128 once, in any order. */
  readonly strictNonceCount?: boolean | undefined
  /** How much of a body is read for `auth-int`, in octets; more is refused with 413. Default: 1,048,576. */
  readonly limitBytes?: number | undefined
  /**
   * Slows down guessing: `throttle()` from `becauth/throttle`. Every response reserves an attempt before it is computed and
   * gets it back unless it was wrong; over the budget it is `throttled`, 429. Default: none.
   */
  readonly throttle?: Throttle | undefined
  /** Guards a proxy: 407, `Proxy-Authenticate`, `Proxy-Authorization`. Default: `false`. */
  readonly proxy?: boolean | undefined
  /** Chooses another answer for a refusal. Default: the Digest challenges. */
  readonly challenge?: ChallengeFunction | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
  /**
   * Accepts the form of RFC 2069 as well, without qop: whoever hears such a request can repeat it as long as the nonce
   * lives, and nothing of the client's makes its hash fresh.
   *
   * @deprecated For clients that cannot do better.
   */
  readonly dangerouslyAllowRfc2069?: boolean | undefined
  /** Left out, the principal is `{ name }`. */
  readonly validate?: undefined
}

/** `DigestOptions` with a principal of one's own. */
export interface DigestOptionsOf<P extends Principal> extends Omit<DigestOptions, 'validate'> {
  /**
   * Answers the principal for a credential whose response was right, `null` for a no, or a cause. The name in it is decoded,
   * and found for its hash.
   */
  readonly validate: (credential: DigestCredential, context: AuthenticationContext) => Awaitable<Validated<P>>
}

/** The options that a decision asks about, in place of what was left out. */
export interface Settings {
  readonly realm: string
  readonly algorithms: readonly DigestAlgorithm[]
  readonly qop: readonly DigestQop[]
  readonly opaque: string | undefined
  readonly domain: readonly string[]
  readonly userhash: boolean
  readonly nonceKeys: readonly Uint8Array[]
  readonly nonceLifetimeSeconds: number
  readonly limitBytes: number
}

const MINIMUM_KEY_BYTES = 32

/** @throws TypeError when an option is not what it must be, in a sentence that names it. */
export function settingsOf(options: DigestOptions | DigestOptionsOf<Principal>): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError('digest(): wants an object of options')
  const { realm, algorithms = ['SHA-256'], qop = ['auth'], opaque, domain = [], nonceKeys = [] } = options
  const { nonceLifetimeSeconds = 300, limitBytes = 1_048_576, usernameOfHash, usernames } = options
  must(
    typeof realm === 'string' && realm !== '' && isPrintableAscii(realm),
    '"realm" must be a non-empty string of printable US-ASCII',
  )
  checkSource(options)
  must(
    isListOf(algorithms, isAlgorithm),
    '"algorithms" must be a list of names such as "SHA-256" and "MD5-sess", each once',
  )
  for (const name of algorithms) {
    const hash = algorithmNamed(name)?.hash
    must(hash !== undefined && hasDigestHash(hash), `"algorithms" has ${name}, which this runtime cannot compute`)
  }
  must(
    isListOf(qop, (one) => one === 'auth' || one === 'auth-int'),
    '"qop" must be a list of "auth" and "auth-int", each once',
  )
  must(opaque === undefined || isText(opaque), '"opaque" must be a non-empty string of printable US-ASCII')
  must(Array.isArray(domain) && domain.every(isUri), '"domain" must be a list of URIs')
  must(
    Array.isArray(nonceKeys) && nonceKeys.every(isKey),
    '"nonceKeys" must be a list of keys, each 32 octets or characters at least',
  )
  must(isAbove(nonceLifetimeSeconds, 0), '"nonceLifetimeSeconds" must be a number above 0')
  must(Number.isSafeInteger(limitBytes) && limitBytes >= 0, '"limitBytes" must be a whole number, 0 at least')
  checkRest(options)
  return {
    realm,
    algorithms: [...algorithms],
    qop: [...qop],
    opaque,
    domain: [...domain],
    userhash: usernameOfHash !== undefined || usernames !== undefined,
    nonceKeys: nonceKeys.map((key) => (typeof key === 'string' ? encodeUtf8(key) : Uint8Array.from(key))),
    nonceLifetimeSeconds,
    limitBytes,
  }
}

function checkSource({ ha1, secret, usernameOfHash, usernames }: DigestSource): void {
  must(ha1 === undefined || typeof ha1 === 'function', '"ha1" must be a function')
  must(secret === undefined || typeof secret === 'function', '"secret" must be a function')
  must((ha1 === undefined) !== (secret === undefined), 'one of "ha1" and "secret" must be given')
  must(usernameOfHash === undefined || typeof usernameOfHash === 'function', '"usernameOfHash" must be a function')
  must(usernames === undefined || isIterable(usernames), '"usernames" must be a list of names')
  must(
    usernameOfHash === undefined || usernames === undefined,
    'only one of "usernameOfHash" and "usernames" may be given',
  )
}

function checkRest({ nonceStore, throttle, validate, challenge }: DigestOptions | DigestOptionsOf<Principal>): void {
  checkThrottle('digest()', throttle)
  must(nonceStore === undefined || typeof nonceStore?.accept === 'function', '"nonceStore" must be a NonceStore')
  must(validate === undefined || typeof validate === 'function', '"validate" must be a function')
  must(challenge === undefined || typeof challenge === 'function', '"challenge" must be a function')
}

function must(holds: boolean, sentence: string): void {
  if (!holds) throw new TypeError(`digest(): ${sentence}`)
}

function isListOf(list: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(list) && list.length > 0 && list.every(is) && new Set(list).size === list.length
}

function isAlgorithm(name: unknown): boolean {
  return typeof name === 'string' && algorithmNamed(name)?.name === name
}

function isText(text: unknown): boolean {
  return typeof text === 'string' && text !== '' && isPrintableAscii(text)
}

function isUri(uri: unknown): boolean {
  return typeof uri === 'string' && isText(uri) && !uri.includes(' ')
}

function isKey(key: unknown): boolean {
  return (typeof key === 'string' || key instanceof Uint8Array) && key.length >= MINIMUM_KEY_BYTES
}

function isAbove(value: number, bound: number): boolean {
  return Number.isFinite(value) && value > bound
}

function isIterable(value: Iterable<string>): boolean {
  return typeof value === 'object' && value !== null && typeof value[Symbol.iterator] === 'function'
}
