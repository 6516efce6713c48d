import { hashUnsupported } from '../errors.ts'
import type { PasswordFormat } from './format.ts'

/** Formats that are known and not computed. DES-crypt is last: its shape alone, 13 characters, says what it is. */
const KNOWN: readonly (readonly [name: string, shape: RegExp])[] = [
  ['yescrypt', /^\$y\$/],
  ['gost-yescrypt', /^\$gy\$/],
  ['scrypt of crypt(3)', /^\$7\$/],
  ['sha1crypt', /^\$sha1\$/],
  ['SunMD5', /^\$md5[$,]/],
  ['bcrypt with a known bug', /^\$2x?\$/],
  ['extended DES-crypt', /^_[./0-9A-Za-z]{19}$/],
  ['DES-crypt', /^[./0-9A-Za-z]{13}$/],
]

/** The formats that nobody here computes, so that a table that holds one says so instead of "wrong password". */
export function refusedFormats(): PasswordFormat[] {
  return KNOWN.map(([name, shape]) => refused(name, (stored) => shape.test(stored), 'which becauth does not compute'))
}

/** A format that is recognised and never computed. */
export function refused(name: string, recognises: PasswordFormat['recognises'], why: string): PasswordFormat {
  return {
    name,
    recognises,
    matches() {
      throw hashUnsupported(`${name}, ${why}`)
    },
  }
}
