import { invalidCredentials, isCause } from '../../core/cause.ts'
import type { KeySource } from '../../keys/key-source.ts'
import { VerificationKey } from '../../keys/verification-key.ts'
import { isJwsHeader, parseJsonSegment } from '../../wire/jws.ts'
import { decodeUtf8 } from '../../wire/text.ts'

/** How what a server encrypted for the client is opened. */
export interface OAuth2Decryption {
  /**
   * The private keys whose public halves the server has, such as `staticKeys([importKey(jwk, { use: 'enc' })])`. With an `alg`
   * in its JWK a key serves that algorithm alone.
   */
  readonly keys: KeySource
}

const contentEncryptions: ReadonlySet<string> = new Set([
  ...['A128GCM', 'A192GCM', 'A256GCM'],
  ...['A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'],
])

const refused = invalidCredentials('wrong-type', {
  detail: "the authorization server's answer: its token is not encrypted as it must be",
})
const undecryptable = invalidCredentials('bad-signature', {
  detail: "the authorization server's answer: its token cannot be decrypted",
})

/** Whether a text has the form of a JWE in compact serialization. */
export function isEncrypted(text: string): boolean {
  return /^[\w-]+(?:\.[\w-]*){4}$/.test(text)
}

/**
 * Opens a JWE, which says nothing of who made it: what is inside has to be verified.
 *
 * @throws AuthenticationFailedCause (rejects) when it is none, or cannot be opened.
 * @see RFC 7516, section 5.2; OpenID Connect Core 1.0, sections 3.1.3.7 and 16.14
 */
export async function decrypted(text: string, { keys }: OAuth2Decryption, signal: AbortSignal): Promise<string> {
  const header = isEncrypted(text) ? parseJsonSegment(text.slice(0, text.indexOf('.'))) : undefined
  if (header === undefined || !isJwsHeader(header)) throw refused
  const { alg, enc, kid } = header
  // Compressed text grows without a limit.
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'zip')) throw refused
  if (typeof enc !== 'string' || !contentEncryptions.has(enc)) throw refused
  const found = await keys.find({ alg, use: 'enc', ...(kid === undefined ? {} : { kid }) }, signal)
  if (isCause(found)) throw found
  const { compactDecrypt } = await import('jose/jwe/compact/decrypt')
  const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] }
  for (const key of found) {
    const opened = await compactDecrypt(text, await VerificationKey.joseOf(key, alg), options).catch(() => undefined)
    const plain = opened === undefined ? undefined : decodeUtf8(opened.plaintext)
    if (plain !== undefined) return plain
  }
  throw undecryptable
}
