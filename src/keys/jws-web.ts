import { JWSInvalid, JWSSignatureVerificationFailed } from 'jose/errors'
import { CompactSign } from 'jose/jws/compact/sign'
import { compactVerify } from 'jose/jws/compact/verify'
import { type JwsHeader, portableDecoder, type SegmentDecoder } from '../wire/jws.ts'
import { encodeUtf8 } from '../wire/text.ts'
import { hasRightLength } from './signature-length.ts'
import { SigningKey } from './signing-key.ts'
import { VerificationKey } from './verification-key.ts'

/** Decodes the segments of tokens. */
export const segments: SegmentDecoder = portableDecoder

/**
 * Tells whether a key made a signature. A promise here, synchronous on Node. The caller has chosen the key for the
 * algorithm, and has read the header in its strictest form.
 *
 * @param signed header and payload as sent, joined by a dot; the payload is to be read in its strictest form afterwards
 * @param signature the signature as sent: base64url in its strictest form
 * @throws whatever a runtime throws that lacks the algorithm.
 * @see RFC 7515, section 5.2
 */
export async function verifySignature(
  key: VerificationKey,
  alg: string,
  signed: string,
  signature: string,
): Promise<boolean> {
  if (!hasRightLength(key, signature)) return false
  const prepared = await VerificationKey.joseOf(key, alg)
  try {
    await compactVerify(`${signed}.${signature}`, prepared, { algorithms: [alg] })
    return true
  } catch (error) {
    if (error instanceof JWSSignatureVerificationFailed || error instanceof JWSInvalid) return false
    throw error
  }
}

/**
 * Signs a payload into a JWS in compact serialization. A promise here, synchronous on Node.
 *
 * @param header its `alg` must be the key's
 * @see RFC 7515, section 5.1
 */
export async function signCompact(key: SigningKey, header: JwsHeader, payload: string): Promise<string> {
  const prepared = await SigningKey.joseOf(key)
  return new CompactSign(encodeUtf8(payload)).setProtectedHeader({ ...header }).sign(prepared)
}
