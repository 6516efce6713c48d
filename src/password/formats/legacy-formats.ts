import { aspNetIdentity } from './asp-net-identity.ts'
import { bcrypt, requireBcryptjs } from './bcrypt.ts'
import { CryptThread } from './crypt-thread.ts'
import { django } from './django.ts'
import type { PasswordFormat } from './format.ts'
import { ldapSha } from './ldap-sha.ts'
import { md5Crypt } from './md5-crypt.ts'
import { refused, refusedFormats } from './refused.ts'
import { shaCrypt } from './sha-crypt.ts'

/** A family of older password hashes that can be verified. */
export type LegacyFormat = 'bcrypt' | 'md5-crypt' | 'sha-crypt' | 'ldap-sha' | 'django' | 'asp-net-identity'

export interface LegacyFormatsOptions {
  /**
   * Which families to verify; hashes of the others are `hash-unsupported`. Default: all, which needs the package
   * bcryptjs.
   */
  readonly accept?: readonly LegacyFormat[] | undefined
  /** The highest cost of bcrypt, 4 to 31; each one more doubles the time. Default: 14, which is about a second. */
  readonly maximumBcryptCost?: number | undefined
  /**
   * The most rounds of `$5$` and `$6$`, 1,000 to 999,999,999. Default: 100,000, about a quarter of a second. Passlib wrote
   * 656,000 unless told otherwise: a table of its hashes needs more, and each log-in then keeps the one thread busy for a
   * second and a half.
   */
  readonly maximumShaCryptRounds?: number | undefined
  /** The most iterations of PBKDF2 in hashes of Django and ASP.NET Identity, 1 to 999,999,999. Default: 2,000,000. */
  readonly maximumPbkdf2Iterations?: number | undefined
}

const ALL: readonly LegacyFormat[] = ['bcrypt', 'md5-crypt', 'sha-crypt', 'ldap-sha', 'django', 'asp-net-identity']
const MOST = 999_999_999

/**
 * The password hashes of other systems, for `passwords()` to verify until they have been rehashed.
 *
 * bcrypt (`$2a$`, `$2b$`, `$2y$`), `$1$`, `$apr1$`, `$5$`, `$6$`, `{SHA}`, `{SSHA}`, PBKDF2 of Django and of ASP.NET Identity.
 * yescrypt, `$7$`, `$sha1$`, SunMD5, DES-crypt and `$2x$` are recognised and answered by an `Error`, never by "wrong
 * password". bcrypt and crypt(3) are computed by one thread that all formats of one call share.
 *
 * @throws TypeError when bcrypt is accepted and the package bcryptjs is not installed, or an option is out of range.
 */
export function legacyFormats(options: LegacyFormatsOptions = {}): readonly PasswordFormat[] {
  const accept = options.accept ?? ALL
  if (!Array.isArray(accept) || !accept.every((name) => ALL.includes(name))) {
    throw new TypeError(`legacyFormats(): "accept" must be a list of ${ALL.join(', ')}`)
  }
  const cost = checked('maximumBcryptCost', options.maximumBcryptCost ?? 14, 4, 31)
  const rounds = checked('maximumShaCryptRounds', options.maximumShaCryptRounds ?? 100_000, 1000, MOST)
  const iterations = checked('maximumPbkdf2Iterations', options.maximumPbkdf2Iterations ?? 2_000_000, 1, MOST)
  const thread = new CryptThread()
  if (accept.includes('bcrypt')) requireBcryptjs()
  const families: Readonly<Record<LegacyFormat, PasswordFormat>> = {
    bcrypt: bcrypt(thread, cost),
    'md5-crypt': md5Crypt(thread),
    'sha-crypt': shaCrypt(thread, rounds),
    'ldap-sha': ldapSha(),
    django: django(iterations),
    'asp-net-identity': aspNetIdentity(iterations),
  }
  return [...ALL.map((name) => (accept.includes(name) ? families[name] : leftOut(families[name]))), ...refusedFormats()]
}

function leftOut({ name, recognises }: PasswordFormat): PasswordFormat {
  return refused(name, recognises, 'which "accept" leaves out')
}

function checked(option: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new TypeError(`legacyFormats(): "${option}" must be a whole number from ${least} to ${most}`)
}
