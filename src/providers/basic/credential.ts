import type { UserPasswordCredential } from '../../core/credential.ts'
import type { RequestView } from '../../core/request.ts'
import { afterScheme, hasScheme, parseAuthorization } from '../../wire/authorization.ts'
import { decodeBase64, decodeShortAscii } from '../../wire/base64.ts'
import { decodeLatin1, decodeUtf8 } from '../../wire/text.ts'

/** How a client turned username and password into octets. */
export type BasicCharset = 'UTF-8' | 'ISO-8859-1'

const FIRST_PRINTABLE = 0x20
const DELETE = 0x7f

/**
 * Reads username and password out of a Basic `Authorization` field, without judging them. Answers `undefined` when there is
 * none, when it is of another scheme and when it cannot be read.
 *
 * For code that stands outside a provider, such as a listener that counts attempts by username.
 *
 * @param charset how to decode the octets. Default: `'UTF-8'`, strictly.
 *
 * @example
 * import { basicCredentials } from 'becauth/basic'
 * import type { RequestView } from 'becauth'
 *
 * export const claimedName = (request: RequestView) => basicCredentials(request)?.username
 *
 * @see RFC 7617, section 2
 */
export function basicCredentials(
  request: Pick<RequestView, 'header'>,
  charset: BasicCharset = 'UTF-8',
): UserPasswordCredential | undefined {
  const value = request.header('authorization')
  if (value === undefined || !hasScheme(value, 'basic')) return undefined
  return readBasic(value, charset)
}

/** Reads a field value known to name the Basic scheme. */
export function readBasic(value: string, charset: BasicCharset): UserPasswordCredential | undefined {
  const text = readAscii(value) ?? readText(value, charset)
  const colon = text === undefined ? -1 : text.indexOf(':')
  if (text === undefined || colon === -1) return undefined
  return { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** What most values are is the same in both charsets. */
function readAscii(value: string): string | undefined {
  const from = afterScheme(value, 'basic')
  return from === undefined ? undefined : decodeShortAscii(value, from)
}

function readText(value: string, charset: BasicCharset): string | undefined {
  const token68 = parseAuthorization(value)?.token68
  const bytes = token68 === undefined ? undefined : decodeBase64(token68)
  if (bytes === undefined || hasControl(bytes)) return undefined
  return charset === 'UTF-8' ? decodeUtf8(bytes) : decodeLatin1(bytes)
}

/** CTL of RFC 5234. In UTF-8 and in ISO-8859-1 alike these octets stand for themselves and nothing else. */
function hasControl(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    if (byte < FIRST_PRINTABLE || byte === DELETE) return true
  }
  return false
}
