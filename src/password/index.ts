export type { PasswordFormat, PasswordOctets } from './formats/format.ts'
export { type LegacyFormat, type LegacyFormatsOptions, legacyFormats } from './formats/legacy-formats.ts'
export {
  type Argon2idOptions,
  type PasswordLoad,
  type Passwords,
  type PasswordsBaseOptions,
  type PasswordsOptions,
  type PasswordVerification,
  type PasswordWorkOptions,
  type Pbkdf2Options,
  passwords,
  type ScryptOptions,
} from './passwords.ts'
export type { PepperOptions } from './pepper.ts'
export {
  type PasswordJudgement,
  type PasswordPolicy,
  type PasswordPolicyOptions,
  type PasswordProblem,
  passwordPolicy,
} from './policy.ts'
export type { RehashedPassword, RehashedUser, RehashOptions } from './rehash.ts'
export {
  type PasswordLookup,
  type PasswordRecord,
  type PasswordTableOptions,
  type PasswordTableWithPrincipal,
  type PasswordVerifier,
  passwordTable,
  type UsernamePrincipal,
} from './table.ts'
