import { sha256 } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import type { Awaitable } from '../../core/provider.ts'
import { type BareJwk, VerificationKey } from '../../keys/verification-key.ts'
import { encodeBase64Url } from '../../wire/base64.ts'

/** The members that count, in the order in which they count. */
const required = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
  AKP: ['alg', 'kty', 'pub'],
  oct: [],
} as const

/**
 * The name of a public key by what it is made of: 43 characters. `undefined` for a key that is not public.
 *
 * @see RFC 7638, section 3; RFC 9964, section 6
 */
export function thumbprintOf(key: VerificationKey): Awaitable<string> | undefined {
  const material = VerificationKey.materialOf(key)
  return material.kind === 'public' ? chain(sha256(canonical(material.jwk)), encodeBase64Url) : undefined
}

function canonical(jwk: BareJwk): string {
  return JSON.stringify(Object.fromEntries(required[jwk.kty].map((name) => [name, jwk[name]])))
}
