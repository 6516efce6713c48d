import { encodeUtf8 } from '../../wire/text.ts'
import { encodeCrypt } from './crypt-base64.ts'
import { digest } from './digest.ts'

const ROUNDS = 1000
const ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11] as const

/** What makes `$1$` of FreeBSD and `$apr1$` of Apache differ: the prefix is hashed too. */
export type Md5CryptMagic = '$1$' | '$apr1$'

/** Computes the last part of an md5-crypt text: 22 characters. */
export function md5CryptDigest(magic: Md5CryptMagic, salt: string, password: Uint8Array): string {
  const saltBytes = encodeUtf8(salt)
  const { length } = password
  const alternate = digest('md5', Buffer.concat([password, saltBytes, password]))
  const parts: Uint8Array[] = [password, encodeUtf8(magic), saltBytes]
  for (let left = length; left > 0; left -= 16) parts.push(alternate.subarray(0, Math.min(16, left)))
  // A slip of the first implementation that everybody had to keep: a zero octet, or the password's first.
  for (let bits = length; bits > 0; bits >>= 1) {
    parts.push((bits & 1) === 1 ? new Uint8Array(1) : password.subarray(0, 1))
  }
  let state = digest('md5', Buffer.concat(parts))
  for (let round = 0; round < ROUNDS; round++) {
    const isOdd = (round & 1) === 1
    const input = [isOdd ? password : state]
    if (round % 3 !== 0) input.push(saltBytes)
    if (round % 7 !== 0) input.push(password)
    input.push(isOdd ? state : password)
    state = digest('md5', Buffer.concat(input))
  }
  return encodeCrypt(state, ORDER)
}
