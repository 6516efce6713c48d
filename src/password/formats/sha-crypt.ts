import { hashUnsupported } from '../errors.ts'
import type { CryptThread } from './crypt-thread.ts'
import type { PasswordFormat } from './format.ts'

const SHA256 =
  /^\$5\$(?:rounds=(?<rounds>[1-9]\d{3,8})\$)?(?<salt>[!-#%-9;-~]{0,16})\$(?<digest>[./0-9A-Za-z]{42}[./0-9A-D])$/
const SHA512 =
  /^\$6\$(?:rounds=(?<rounds>[1-9]\d{3,8})\$)?(?<salt>[!-#%-9;-~]{0,16})\$(?<digest>[./0-9A-Za-z]{85}[./01])$/
const NAME = 'sha-crypt'
const DEFAULT_ROUNDS = 5000

/**
 * `$5$` and `$6$` of Linux and of Apache's `htpasswd -2` and `-5`.
 *
 * @param maximumRounds more of them are `hash-unsupported`
 */
export function shaCrypt(thread: CryptThread, maximumRounds: number): PasswordFormat {
  return {
    name: NAME,
    recognises: (stored) => stored.startsWith('$5$') || stored.startsWith('$6$'),
    async matches(stored, password, signal) {
      const isSha256 = stored.startsWith('$5$')
      const { rounds: written, salt, digest } = (isSha256 ? SHA256 : SHA512).exec(stored)?.groups ?? {}
      if (salt === undefined || digest === undefined) throw hashUnsupported(`${NAME}, not well-formed`)
      const rounds = written === undefined ? DEFAULT_ROUNDS : Number(written)
      if (rounds > maximumRounds) throw hashUnsupported(`${NAME}, more rounds than "maximumShaCryptRounds"`)
      const algorithm = isSha256 ? 'sha256' : 'sha512'
      return thread.matches({ kind: NAME, algorithm, rounds, salt, digest }, password, signal)
    },
  }
}
