import { VerificationKey } from './verification-key.ts'

/**
 * Whether a signature, base64url in its strictest form, has the length that an RSA key asks for: as many octets as its modulus.
 * OpenSSL asks for that in RS256 alone, so that a PSS signature which begins with a zero octet could be written without it.
 * Signatures of other keys are judged by whoever verifies them.
 *
 * @see RFC 8017, sections 8.1.2 and 8.2.2
 */
export function hasRightLength(key: VerificationKey, signature: string): boolean {
  const material = VerificationKey.materialOf(key)
  const modulus = material.kind === 'secret' ? undefined : material.jwk.n
  return modulus === undefined || signature.length === modulus.length
}
