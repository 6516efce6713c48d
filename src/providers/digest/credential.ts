import { InvalidCredentials } from '../../core/cause.ts'
import type { RequestView } from '../../core/request.ts'
import { hasScheme, parseAuthorization } from '../../wire/authorization.ts'
import { parseExtendedValue } from '../../wire/extended-value.ts'
import { decodeUtf8 } from '../../wire/text.ts'
import { isPrintableAscii } from '../../wire/tokens.ts'
import { type AlgorithmRow, algorithmNamed, type DigestAlgorithm } from './algorithms.ts'

/** What a client protects: the request line, or with `auth-int` the body as well. */
export type DigestQop = 'auth' | 'auth-int'

/**
 * What a client sent in the Digest scheme. `validate` gets it after the response was found right.
 *
 * @see RFC 7616, section 3.4
 */
export interface DigestCredential {
  /** The name, decoded; in what `digestCredentials()` read it is still the hash when `userhash` is true. */
  readonly username: string
  /** Whether the client sent a hash in place of the name. */
  readonly userhash: boolean
  readonly realm: string
  readonly algorithm: DigestAlgorithm
  /** What is protected; `undefined` in the form of RFC 2069. */
  readonly qop: DigestQop | undefined
  /** The request target as the client knows it. */
  readonly uri: string
  readonly nonce: string
  /** How many requests the client has made with this nonce, in eight hexadecimal digits as received. */
  readonly nc: string | undefined
  readonly cnonce: string | undefined
  readonly opaque: string | undefined
  readonly response: string
}

/** A credential with what its algorithm is about. */
export interface DigestReading {
  readonly credential: DigestCredential
  readonly algorithm: AlgorithmRow
}

export function malformedRequest(detail: string): InvalidCredentials {
  return new InvalidCredentials('malformed-request', { detail })
}

export function malformedCredential(detail: string): InvalidCredentials {
  return new InvalidCredentials('malformed-credential', { detail })
}

export const unreadable: InvalidCredentials = malformedRequest('the field is not one list of Digest parameters')
const noUsername = malformedRequest('either username or username* must be there, and readable')
const noRealm = malformedRequest('realm must be there')
const noNonce = malformedRequest('nonce must be there, in printable US-ASCII')
const noUri = malformedRequest('uri must be there')
const noResponse = malformedRequest('response must be there, in as many lower-case hexadecimal digits as the hash has')
const noCount = malformedRequest('nc must be eight hexadecimal digits, and not zero')
const noClientNonce = malformedRequest('cnonce must be there, in printable US-ASCII')
const noQop = malformedRequest('with cnonce or nc there must be qop')
const badUserhash = malformedRequest('userhash must be true or false, and not true beside username*')
const otherAlgorithm = malformedCredential('no such algorithm is known')
const otherQop = malformedCredential('no such qop is known')
const otherCharset = malformedCredential('the charset is not UTF-8')

/**
 * Reads a Digest `Authorization` field, without judging it: nothing here says that anybody knows a password. Answers
 * `undefined` when there is none, when it is of another scheme and when it cannot be read.
 *
 * For code that stands outside a provider, such as a listener that counts attempts by username.
 *
 * @example
 * import { digestCredentials } from 'becauth/digest'
 * import type { RequestView } from 'becauth'
 *
 * export const claimedName = (request: RequestView) => digestCredentials(request)?.username
 *
 * @see RFC 7616, section 3.4
 */
export function digestCredentials(request: Pick<RequestView, 'header'>): DigestCredential | undefined {
  const value = request.header('authorization')
  if (value === undefined || !hasScheme(value, 'digest')) return undefined
  const reading = readDigest(value)
  return reading instanceof InvalidCredentials ? undefined : reading.credential
}

/** Reads a field value known to name the Digest scheme, or says what is wrong with it. */
export function readDigest(value: string): DigestReading | InvalidCredentials {
  const parameters = parseAuthorization(value)?.parameters
  if (parameters === undefined) return unreadable
  const username = usernameOf(parameters)
  if (username === undefined) return noUsername
  const realm = parameters.get('realm')
  if (realm === undefined) return noRealm
  const nonce = parameters.get('nonce')
  if (nonce === undefined || !isPrintableAscii(nonce)) return noNonce
  const uri = parameters.get('uri')
  if (uri === undefined || uri === '') return noUri
  // RFC 7616, section 3.4: without the parameter it is MD5.
  const algorithm = algorithmNamed(parameters.get('algorithm') ?? 'MD5')
  if (algorithm === undefined) return otherAlgorithm
  const response = parameters.get('response')
  if (response === undefined || response.length !== algorithm.digits || !LOWER_HEX.test(response)) return noResponse
  const userhash = parameters.get('userhash')?.toLowerCase() ?? 'false'
  if (userhash !== 'false' && (userhash !== 'true' || parameters.has('username*'))) return badUserhash
  if ((parameters.get('charset')?.toLowerCase() ?? 'utf-8') !== 'utf-8') return otherCharset
  const qop = parameters.get('qop')
  const nc = parameters.get('nc')
  const cnonce = parameters.get('cnonce')
  if (qop === undefined) {
    if (nc !== undefined || cnonce !== undefined) return noQop
    if (algorithm.session) return noClientNonce
  } else {
    if (!isQop(qop)) return otherQop
    if (nc === undefined || !EIGHT_HEX.test(nc) || nc === '00000000') return noCount
    if (cnonce === undefined || !isPrintableAscii(cnonce)) return noClientNonce
  }
  const opaque = parameters.get('opaque')
  const credential = {
    username,
    userhash: userhash === 'true',
    realm,
    algorithm: algorithm.name,
    qop,
    uri,
    nonce,
    nc,
    cnonce,
    opaque,
    response,
  }
  return { credential, algorithm }
}

const LOWER_HEX = /^[0-9a-f]+$/
const EIGHT_HEX = /^[0-9A-Fa-f]{8}$/

function isQop(text: string): text is DigestQop {
  return text === 'auth' || text === 'auth-int'
}

function usernameOf(parameters: ReadonlyMap<string, string>): string | undefined {
  const plain = parameters.get('username')
  const extended = parameters.get('username*')
  if (plain === undefined) return extended === undefined ? undefined : parseExtendedValue(extended)?.value
  if (extended !== undefined) return undefined
  if (isPrintableAscii(plain)) return plain
  // python-requests sends ISO-8859-1 and hashes UTF-8; a name that is neither is right in no reading.
  return decodeUtf8(octetsOf(plain)) ?? plain
}

/** The octets of a field value, which came as one character for each. */
export function octetsOf(value: string): Uint8Array {
  return Uint8Array.from(value, (character) => character.charCodeAt(0))
}
