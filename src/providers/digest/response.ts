import { digestHash } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import type { Awaitable } from '../../core/provider.ts'
import type { DigestHash } from '../../crypto/digest-hash.ts'
import { isPrintableAscii } from '../../wire/tokens.ts'
import type { AlgorithmRow } from './algorithms.ts'
import { type DigestCredential, octetsOf } from './credential.ts'

/**
 * H(username:realm:password): what is kept instead of a password, and as secret as the password within its realm.
 *
 * @see RFC 7616, section 3.4.2
 */
export function passwordHash(hash: DigestHash, username: string, realm: string, password: string): Awaitable<string> {
  return digestHash(hash, `${username}:${realm}:${password}`)
}

/**
 * HA1 of a credential: the password's hash, or with `-sess` one that lasts as long as nonce and cnonce.
 *
 * @see RFC 7616, section 3.4.2
 */
export function sessionKey(algorithm: AlgorithmRow, secret: string, credential: DigestCredential): Awaitable<string> {
  if (!algorithm.session) return secret
  return digestHash(algorithm.hash, `${secret}:${credential.nonce}:${credential.cnonce ?? ''}`)
}

/**
 * The response of a credential; with an empty method the `rspauth` of the answer to it.
 *
 * @param ha1 what `sessionKey` gave
 * @param method the request's method, or nothing for `rspauth`
 * @param bodyHash the hash of the body, for `auth-int`
 * @see RFC 7616, sections 3.4.1, 3.4.3 and 3.5
 */
export function responseOf(
  { hash }: AlgorithmRow,
  ha1: string,
  { qop, uri, nonce, nc, cnonce }: DigestCredential,
  method: string,
  bodyHash: string | undefined,
): Awaitable<string> {
  const line = bodyHash === undefined ? `${method}:${uri}` : `${method}:${uri}:${bodyHash}`
  // The client hashed octets, of which a request target may have any.
  const ha2 = digestHash(hash, isPrintableAscii(uri) ? line : octetsOf(line))
  return chain(ha2, (digits) => {
    if (qop === undefined) return digestHash(hash, `${ha1}:${nonce}:${digits}`)
    return digestHash(hash, `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${digits}`)
  })
}
