import { encodeUtf8 } from '../../wire/text.ts'
import { encodeCrypt } from './crypt-base64.ts'
import { digest } from './digest.ts'

/** `$5$` is SHA-256, `$6$` SHA-512. */
export type ShaCryptAlgorithm = 'sha256' | 'sha512'

/** The octets in the order in which they are written: columns of a third each, one rotated against the next. */
const ORDERS: Readonly<Record<ShaCryptAlgorithm, readonly number[]>> = {
  sha256: [...columns(10, 2), 31, 30],
  sha512: [...columns(21, 1), 63],
}

function columns(height: number, turn: number): number[] {
  return Array.from({ length: height * 3 }, (_, index) => {
    const row = Math.floor(index / 3)
    return row + height * ((index + row * turn) % 3)
  })
}

/**
 * Computes the last part of a sha-crypt text: 43 characters for SHA-256, 86 for SHA-512.
 *
 * @see https://www.akkadia.org/drepper/SHA-crypt.txt
 */
export function shaCryptDigest(
  algorithm: ShaCryptAlgorithm,
  rounds: number,
  salt: string,
  password: Uint8Array,
): string {
  const saltBytes = encodeUtf8(salt)
  let state = digest(algorithm, firstInput(algorithm, saltBytes, password))
  const p = stretched(digest(algorithm, repeated(password, password.length)), password.length)
  const s = stretched(digest(algorithm, repeated(saltBytes, 16 + (state[0] ?? 0))), saltBytes.length)
  const input = new Uint8Array(state.length + s.length + 2 * p.length)
  for (let round = 0; round < rounds; round++) {
    const isOdd = (round & 1) === 1
    let at = append(input, 0, isOdd ? p : state)
    if (round % 3 !== 0) at = append(input, at, s)
    if (round % 7 !== 0) at = append(input, at, p)
    at = append(input, at, isOdd ? state : p)
    state = digest(algorithm, input.subarray(0, at))
  }
  return encodeCrypt(state, ORDERS[algorithm])
}

function firstInput(algorithm: ShaCryptAlgorithm, salt: Uint8Array, password: Uint8Array): Uint8Array {
  const alternate = digest(algorithm, Buffer.concat([password, salt, password]))
  const parts = [password, salt, stretched(alternate, password.length)]
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? alternate : password)
  return Buffer.concat(parts)
}

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  return stretched(bytes, bytes.length * times)
}

function stretched(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length)
  for (let at = 0; at < length; at += bytes.length) result.set(bytes.subarray(0, length - at), at)
  return result
}

function append(target: Uint8Array, at: number, bytes: Uint8Array): number {
  target.set(bytes, at)
  return at + bytes.length
}
