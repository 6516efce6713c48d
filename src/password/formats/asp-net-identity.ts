import { decodeBase64 } from '../../wire/base64.ts'
import { hashUnsupported } from '../errors.ts'
import type { PasswordFormat } from './format.ts'
import { type Pbkdf2Hash, pbkdf2Matches } from './pbkdf2.ts'

// A zero octet and 48 more; and the octet 1 before a number below 2³² whose first three octets are zero.
const VERSION_2 = /^A[A-P][A-Za-z0-9+/]{64}==$/
const VERSION_3 = /^AQAAAA[A-Za-z0-9+/]{10,}={0,2}$/
const MAXIMUM_CHARACTERS = 512
const VERSION_3_HEAD_BYTES = 13
const MINIMUM_BYTES = 16
const PSEUDO_RANDOM_FUNCTIONS = ['sha1', 'sha256', 'sha512'] as const
const NAME = 'ASP.NET Identity'

/**
 * What ASP.NET Identity writes, in base64: version 2 (a zero, 16 octets of salt, 32 of PBKDF2-HMAC-SHA-1 with 1,000
 * iterations) and version 3 (a one, then function, iterations and length of the salt in four octets each, salt, key).
 *
 * @param maximumIterations more of them are `hash-unsupported`
 */
export function aspNetIdentity(maximumIterations: number): PasswordFormat {
  return {
    name: NAME,
    recognises: (stored) => VERSION_2.test(stored) || VERSION_3.test(stored),
    async matches(stored, password, signal) {
      const bytes = stored.length > MAXIMUM_CHARACTERS ? undefined : decodeBase64(stored)
      const hash = bytes === undefined ? undefined : bytes[0] === 0 ? version2(bytes) : version3(bytes)
      if (hash === undefined) throw hashUnsupported(`${NAME}, not well-formed`)
      if (hash.iterations > maximumIterations) {
        throw hashUnsupported(`${NAME}, more iterations than "maximumPbkdf2Iterations"`)
      }
      return pbkdf2Matches(hash, password, signal)
    },
  }
}

function version2(bytes: Uint8Array): Pbkdf2Hash {
  return { hash: 'sha1', iterations: 1000, salt: bytes.subarray(1, 17), expected: bytes.subarray(17) }
}

function version3(bytes: Uint8Array): Pbkdf2Hash | undefined {
  if (bytes.length < VERSION_3_HEAD_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const hash = PSEUDO_RANDOM_FUNCTIONS[view.getUint32(1)]
  const iterations = view.getUint32(5)
  const saltEnd = VERSION_3_HEAD_BYTES + view.getUint32(9)
  const salt = bytes.subarray(VERSION_3_HEAD_BYTES, saltEnd)
  const expected = bytes.subarray(saltEnd)
  if (hash === undefined || iterations === 0) return undefined
  return salt.length < MINIMUM_BYTES || expected.length < MINIMUM_BYTES
    ? undefined
    : { hash, iterations, salt, expected }
}
