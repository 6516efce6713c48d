import { segments } from '#jws'
import { type AuthenticationFailedCause, isCause } from '../../core/cause.ts'
import type { AuthenticationContext } from '../../core/provider.ts'
import { VerificationKey } from '../../keys/verification-key.ts'
import { isBase64Url } from '../../wire/base64.ts'
import { isJwsHeader, type JwsHeader, parseJsonSegment } from '../../wire/jws.ts'
import { decodeUtf8 } from '../../wire/text.ts'
import { FoundKeys, isKeySource } from './found-keys.ts'
import type { DecryptOptions } from './options.ts'
import { encryptionRefused, undecryptable, unreadable } from './refusals.ts'

/** How encrypted tokens are opened, made ready. */
export interface Decryption {
  readonly keys: FoundKeys
  readonly keyManagement: ReadonlySet<string>
  readonly contentEncryption: ReadonlySet<string>
  readonly acceptsUnsigned: boolean
}

/** What was inside an encrypted token. */
export interface Decrypted {
  /** The header of the encryption. */
  readonly header: JwsHeader
  readonly plaintext: string
  /** The key that opened it. */
  readonly key: VerificationKey
}

const symmetric = ['dir', 'A128KW', 'A192KW', 'A256KW', 'A128GCMKW', 'A192GCMKW', 'A256GCMKW']
const keyManagements: ReadonlySet<string> = new Set([
  ...['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'],
  ...['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'],
  ...symmetric,
])
const contentEncryptions: ReadonlySet<string> = new Set([
  ...['A128GCM', 'A192GCM', 'A256GCM'],
  ...['A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'],
])

/** @throws TypeError when an option is missing or cannot be used. */
export function decryptionOf(options: DecryptOptions): Decryption {
  if (typeof options !== 'object' || options === null) throw new TypeError('jwt(): "decrypt" must be an object')
  const { keys, dangerouslyAcceptUnsigned } = options
  if (!isKeySource(keys)) throw new TypeError('jwt(): "decrypt.keys" must be a source of keys, such as staticKeys()')
  const keyManagement = allowed(options.keyManagement, keyManagements, 'keyManagement')
  const contentEncryption = allowed(options.contentEncryption, contentEncryptions, 'contentEncryption')
  const acceptsUnsigned = dangerouslyAcceptUnsigned === true
  if (acceptsUnsigned && [...keyManagement].some((one) => !symmetric.includes(one))) {
    throw new TypeError(
      'jwt(): "decrypt.dangerouslyAcceptUnsigned" needs a secret: everybody can encrypt with a public key, so that ' +
        `"decrypt.keyManagement" may have ${symmetric.join(', ')} alone`,
    )
  }
  return { keys: new FoundKeys(keys, 'enc'), keyManagement, contentEncryption, acceptsUnsigned }
}

function allowed(list: unknown, known: ReadonlySet<string>, name: string): ReadonlySet<string> {
  if (!Array.isArray(list) || list.length === 0 || !list.every((one) => known.has(one))) {
    throw new TypeError(`jwt(): "decrypt.${name}" must be a list of ${[...known].join(', ')}`)
  }
  return new Set(list)
}

/**
 * Opens a JWE in compact serialization. Whatever fails is refused in the same way, so that nobody learns how far it came.
 *
 * @see RFC 7516, section 5.2; RFC 8725, section 3.2
 */
export async function decryptToken(
  token: string,
  { keys, keyManagement, contentEncryption }: Decryption,
  context: AuthenticationContext,
): Promise<Decrypted | AuthenticationFailedCause> {
  const parts = token.split('.')
  const header = parseJsonSegment(parts[0] ?? '', segments)
  if (header === undefined || !parts.every(isBase64Url)) return unreadable['not-compact']
  if (Object.hasOwn(header, 'crit')) return unreadable.critical
  if (!isJwsHeader(header)) return unreadable['bad-header']
  const { alg, enc, kid } = header
  // Compressed text grows without a limit, and its length tells about secrets in it.
  if (typeof enc !== 'string' || Object.hasOwn(header, 'zip')) return encryptionRefused
  if (!keyManagement.has(alg) || !contentEncryption.has(enc)) return encryptionRefused
  const found = await keys.find(alg, kid, context)
  if (isCause(found)) return found
  for (const key of found) {
    const plaintext = await opened(token, key, alg, enc)
    if (plaintext !== undefined) return { header, plaintext, key }
  }
  return undecryptable
}

async function opened(token: string, key: VerificationKey, alg: string, enc: string): Promise<string | undefined> {
  const { compactDecrypt } = await import('jose/jwe/compact/decrypt')
  const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] }
  try {
    const { plaintext } = await compactDecrypt(token, await VerificationKey.joseOf(key, alg), options)
    return decodeUtf8(plaintext)
  } catch {
    // A wrong tag, a point off the curve, a key of another length: the sender chose them all.
    return undefined
  }
}
