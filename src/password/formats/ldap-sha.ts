import { timingSafeEqual } from '#crypto'
import { decodeBase64 } from '../../wire/base64.ts'
import { hashUnsupported } from '../errors.ts'
import { digest } from './digest.ts'
import type { PasswordFormat } from './format.ts'

const PREFIX = /^\{(?<salted>s?)sha\}/i
const DIGEST_BYTES = 20
const MAXIMUM_SALT_BYTES = 64
const NAME = 'LDAP SHA'

/**
 * `{SHA}` of Apache's `htpasswd -s` and `{SSHA}` of LDAP directories: SHA-1 without and with salt.
 *
 * @see RFC 2307, section 5.3
 */
export function ldapSha(): PasswordFormat {
  return {
    name: NAME,
    recognises: (stored) => PREFIX.test(stored),
    matches(stored, { received, normalised }) {
      const { expected, salt } = parse(stored)
      if (timingSafeEqual(digest('sha1', Buffer.concat([received, salt])), expected)) return true
      return normalised !== undefined && timingSafeEqual(digest('sha1', Buffer.concat([normalised, salt])), expected)
    },
  }
}

function parse(stored: string): { expected: Uint8Array; salt: Uint8Array } {
  const prefix = PREFIX.exec(stored)
  const encoded = stored.slice(prefix?.[0].length)
  const bytes = encoded.length > 2 * (DIGEST_BYTES + MAXIMUM_SALT_BYTES) ? undefined : decodeBase64(encoded)
  if (bytes === undefined) throw hashUnsupported(`${NAME}, not well-formed`)
  const salt = bytes.subarray(DIGEST_BYTES)
  const isSalted = prefix?.groups?.salted !== ''
  if (bytes.length < DIGEST_BYTES || isSalted !== salt.length > 0 || salt.length > MAXIMUM_SALT_BYTES) {
    throw hashUnsupported(`${NAME}, not well-formed`)
  }
  return { expected: bytes.subarray(0, DIGEST_BYTES), salt }
}
