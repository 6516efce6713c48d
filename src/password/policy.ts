import type { Awaitable } from '../core/provider.ts'
import { preparePassword } from './prepare.ts'

/** What `passwordPolicy()` is told. */
export interface PasswordPolicyOptions {
  /**
   * The least number of characters (code points after NFC). Default: 8, for passwords with a second factor beside them;
   * SP 800-63B demands 15 of a password that stands alone.
   */
  readonly minLength?: number | undefined
  /** The largest number of characters, at least 64. Default: none but the 1,024 bytes that `passwords()` takes. */
  readonly maxLength?: number | undefined
  /**
   * Whether a password, after NFC, is known to attackers: on a list of breaches, or the name of the service. What it
   * throws, `check()` rejects with. Default: nothing is blocked.
   */
  readonly blocked?: ((password: string, signal: AbortSignal | undefined) => Awaitable<boolean>) | undefined
}

/** Why a password is not taken. `ill-formed`: it has a NUL or a lone surrogate, which no login would let through. */
export type PasswordProblem = 'too-short' | 'too-long' | 'ill-formed' | 'blocked'

/** What a policy says to a new password. */
export type PasswordJudgement = { readonly ok: true } | { readonly ok: false; readonly problem: PasswordProblem }

/** Judges new passwords. */
export interface PasswordPolicy {
  /** Rejects with what `blocked` threw, or with a `TypeError` when the password is not a string. */
  check(password: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<PasswordJudgement>
}

const LEAST_MAXIMUM = 64

/**
 * Makes a policy for new passwords: length, and a list of what attackers try first. No rules of composition, which make
 * passwords worse.
 *
 * Ask it when a password is set, never when somebody logs in: a breach list that is down must lock nobody out.
 *
 * @example
 * import { passwordPolicy } from 'becauth/password'
 *
 * declare const breached: { has(password: string, signal?: AbortSignal): Promise<boolean> }
 *
 * const policy = passwordPolicy({ minLength: 15, blocked: (password, signal) => breached.has(password, signal) })
 *
 * export async function problemWith(password: string): Promise<string | undefined> {
 *   const judgement = await policy.check(password)
 *   return judgement.ok ? undefined : judgement.problem
 * }
 *
 * @throws TypeError when a length is not a positive whole number, `maxLength` is below 64 or below `minLength`, or
 *   `blocked` is not a function.
 * @see NIST SP 800-63B-4, section 3.1.1.2
 */
export function passwordPolicy(options: PasswordPolicyOptions = {}): PasswordPolicy {
  const { minLength = 8, maxLength = Number.MAX_SAFE_INTEGER, blocked } = options
  if (!Number.isSafeInteger(minLength) || minLength < 1) {
    throw new TypeError('passwordPolicy(): "minLength" must be a positive whole number')
  }
  if (!Number.isSafeInteger(maxLength) || maxLength < Math.max(minLength, LEAST_MAXIMUM)) {
    throw new TypeError('passwordPolicy(): "maxLength" must be a whole number from 64, and not less than "minLength"')
  }
  if (blocked !== undefined && typeof blocked !== 'function') {
    throw new TypeError('passwordPolicy(): "blocked" must be a function')
  }
  const check: PasswordPolicy['check'] = async (password, { signal } = {}) => {
    if (typeof password !== 'string') throw new TypeError('check(): "password" must be a string')
    const prepared = preparePassword(password)
    if (typeof prepared === 'string') return { ok: false, problem: prepared }
    const { length } = Array.from(prepared.text)
    if (length < minLength) return { ok: false, problem: 'too-short' }
    if (length > maxLength) return { ok: false, problem: 'too-long' }
    // Anything but a plain no blocks: a list that answers nonsense must not let everything through.
    if (blocked !== undefined && (await blocked(prepared.text, signal)) !== false)
      return { ok: false, problem: 'blocked' }
    return { ok: true }
  }
  return Object.freeze({ check })
}
