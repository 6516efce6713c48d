import { hashUnsupported } from '../errors.ts'
import type { CryptThread } from './crypt-thread.ts'
import type { PasswordFormat } from './format.ts'

const GRAMMAR = /^\$(?<variant>1|apr1)\$(?<salt>[!-#%-9;-~]{0,8})\$(?<digest>[./0-9A-Za-z]{21}[./01])$/
const NAME = 'md5-crypt'

/** `$1$` of FreeBSD and older Linux, `$apr1$` of Apache's `htpasswd -m`. Always 1,000 rounds of MD5. */
export function md5Crypt(thread: CryptThread): PasswordFormat {
  return {
    name: NAME,
    recognises: (stored) => stored.startsWith('$1$') || stored.startsWith('$apr1$'),
    async matches(stored, password, signal) {
      const { variant, salt, digest } = GRAMMAR.exec(stored)?.groups ?? {}
      if (salt === undefined || digest === undefined) throw hashUnsupported(`${NAME}, not well-formed`)
      const magic = variant === '1' ? '$1$' : '$apr1$'
      return thread.matches({ kind: NAME, magic, salt, digest }, password, signal)
    },
  }
}
