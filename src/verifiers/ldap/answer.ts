import { type AuthenticationError, type InvalidCredentials, invalidCredentials } from '../../core/cause.ts'
import { DirectoryUnavailable, UnexpectedResult } from './errors.ts'
import type { PasswordWarnings } from './options.ts'
import { parsePolicy } from './policy.ts'

/** What a server answered to a bind. */
export interface BindAnswer {
  readonly resultCode: number
  /** What it says to people. Read for the codes of Active Directory, never passed on. */
  readonly diagnostic: string
  /** The value of its password policy control, if it sent one. */
  readonly policy: Uint8Array | undefined
}

/** What a bind means: somebody is let in, or why not. */
export type BindVerdict =
  | { readonly warnings: PasswordWarnings; readonly cause?: undefined }
  | {
      readonly cause: InvalidCredentials | AuthenticationError
      /** Whether the server computed the hash of a password and it was wrong. */
      readonly isWrongSecret?: boolean
    }

const SUCCESS = 0
const INVALID_CREDENTIALS = 49
const UNWILLING_TO_PERFORM = 53

export const wrongSecret: InvalidCredentials = invalidCredentials('wrong-secret')
export const unknown: InvalidCredentials = invalidCredentials('unknown')
const locked = invalidCredentials('locked')
const disabled = invalidCredentials('disabled')
const notPermitted = invalidCredentials('not-permitted')
const expired = invalidCredentials('expired')
const mustChange = invalidCredentials('must-change')

const byPolicy = { expired, locked, 'must-change': mustChange } as const

/** By the code that Active Directory writes behind `data`, which is a Windows error in hexadecimal digits. */
const byActiveDirectory: ReadonlyMap<string, InvalidCredentials> = new Map([
  ['52e', wrongSecret],
  ['525', unknown],
  ['775', locked],
  ['533', disabled],
  ['530', notPermitted],
  ['531', notPermitted],
  ['532', expired],
  ['701', expired],
  ['773', mustChange],
])

/**
 * Judges the answer to a user's bind. A yes is none when the password policy says that the password must be changed or has
 * expired, and when what the policy says cannot be read. Result codes other than 0, 49 and 53 are an `Error`.
 *
 * @see RFC 4511, section 4.1.9; draft-behera-ldap-password-policy-10, section 7
 */
export function judge({ resultCode, diagnostic, policy }: BindAnswer): BindVerdict {
  const said = policy === undefined ? undefined : parsePolicy(policy)
  if (resultCode === SUCCESS) {
    if (policy !== undefined && said === undefined) {
      return { cause: new DirectoryUnavailable('the directory sends a password policy control that cannot be read') }
    }
    const cause = said?.error === undefined || said.error === 'other' ? undefined : byPolicy[said.error]
    return cause === undefined ? { warnings: said?.warnings ?? {} } : { cause }
  }
  if (resultCode !== INVALID_CREDENTIALS && resultCode !== UNWILLING_TO_PERFORM) {
    return { cause: new UnexpectedResult('bind', resultCode) }
  }
  if (said?.error !== undefined && said.error !== 'other') return { cause: byPolicy[said.error] }
  const [, data] = /\bdata ([0-9a-f]{1,8})\b/i.exec(diagnostic) ?? []
  const known = data === undefined ? undefined : byActiveDirectory.get(data.toLowerCase().replace(/^0+/, ''))
  if (known !== undefined) return { cause: known, isWrongSecret: known === wrongSecret }
  // Without a word why, 53 is how directories other than Active Directory refuse an account that was switched off.
  if (resultCode === UNWILLING_TO_PERFORM && data === undefined) return { cause: disabled }
  return { cause: wrongSecret, isWrongSecret: true }
}
