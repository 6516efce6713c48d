import { decodeBase64 } from '../../wire/base64.ts'
import { encodeUtf8 } from '../../wire/text.ts'
import { hashUnsupported } from '../errors.ts'
import type { PasswordFormat } from './format.ts'
import { pbkdf2Matches } from './pbkdf2.ts'

const GRAMMAR =
  /^pbkdf2_(?<hash>sha1|sha256)\$(?<iterations>[1-9]\d{0,8})\$(?<salt>[^$]{1,128})\$(?<digest>[A-Za-z0-9+/=]{28,44})$/
const NAME = 'Django PBKDF2'

/**
 * `pbkdf2_sha256$…` and `pbkdf2_sha1$…` of Django.
 *
 * @param maximumIterations more of them are `hash-unsupported`
 */
export function django(maximumIterations: number): PasswordFormat {
  return {
    name: NAME,
    recognises: (stored) => stored.startsWith('pbkdf2_sha1$') || stored.startsWith('pbkdf2_sha256$'),
    async matches(stored, password, signal) {
      const { hash: name, iterations: written, salt, digest } = GRAMMAR.exec(stored)?.groups ?? {}
      const hash = name === 'sha1' ? 'sha1' : 'sha256'
      const expected = digest === undefined ? undefined : decodeBase64(digest)
      if (salt === undefined || expected?.length !== (hash === 'sha1' ? 20 : 32)) {
        throw hashUnsupported(`${NAME}, not well-formed`)
      }
      const iterations = Number(written)
      if (iterations > maximumIterations) {
        throw hashUnsupported(`${NAME}, more iterations than "maximumPbkdf2Iterations"`)
      }
      return pbkdf2Matches({ hash, iterations, salt: encodeUtf8(salt), expected }, password, signal)
    },
  }
}
