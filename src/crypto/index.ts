import { randomBytes } from '#crypto'
import { encodeBase64Url } from '../wire/base64.ts'

const MINIMUM_BYTES = 16
const MAXIMUM_BYTES = 1024

/**
 * Compares two secrets of any length without telling, by the time it takes, where they differ.
 *
 * Use it in `validate` instead of `===`, for tokens and keys that the service holds itself. It is synchronous on every
 * runtime: were it to answer a promise anywhere, a forgotten `await` would let everybody in. The time depends on the two
 * lengths alone. Passwords of people belong into a password hash instead.
 *
 * @example
 * import { bearer } from 'becauth/bearer'
 * import { constantTimeEqual } from 'becauth/crypto'
 *
 * declare const secret: string
 *
 * export const metrics = bearer({
 *   validate: ({ token }) => (constantTimeEqual(token, secret) ? { job: 'metrics' } : null),
 * })
 *
 * @param actual what came with the request
 * @param expected the secret
 * @throws TypeError when either is not a string: a setting that is missing, or a promise that nobody awaited.
 */
export function constantTimeEqual(actual: string, expected: string): boolean {
  if (typeof actual !== 'string' || typeof expected !== 'string') {
    throw new TypeError('constantTimeEqual(): "actual" and "expected" must be strings')
  }
  // As many steps as the request's text is long, so that its sender learns nothing by trying other lengths.
  const { length } = expected
  let difference = actual.length ^ length
  for (let index = 0; index < actual.length; index++) {
    difference |= actual.charCodeAt(index) ^ expected.charCodeAt(index % length)
  }
  return difference === 0
}

/**
 * Makes a random token that nobody can guess, in base64url: bearer tokens, session ids, state parameters.
 *
 * @example
 * import { randomToken } from 'becauth/crypto'
 *
 * export const token = randomToken() // 43 characters
 *
 * @param bytes how much randomness, 16 to 1024 bytes; four characters for every three. Default: 32.
 * @throws TypeError when `bytes` is not a whole number from 16, below which tokens can be guessed, to 1024.
 * @see RFC 4648, section 5
 */
export function randomToken(bytes: number = 32): string {
  if (!Number.isInteger(bytes) || bytes < MINIMUM_BYTES || bytes > MAXIMUM_BYTES) {
    throw new TypeError('randomToken(): "bytes" must be a whole number from 16 to 1024')
  }
  return encodeBase64Url(randomBytes(bytes))
}
