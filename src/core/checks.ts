import { isPrintableAscii } from '../wire/tokens.ts'
import { Denials, type StatementHolder, statementOf } from './denials.ts'
import type { Check } from './node.ts'
import type { Principal } from './provider.ts'
import type { Denied } from './result.ts'
import { isThenable } from './validate.ts'

/** What a claim must be: this value, one of these, or whatever the function answers `true` to. */
export type RequiredClaim =
  | string
  | number
  | boolean
  | readonly (string | number | boolean)[]
  | ((value: unknown) => boolean)

/** Claims by name. Where a claim is a list, one of its members must fit. */
export type RequiredClaims = Readonly<Record<string, RequiredClaim>>

/** Where `requireRoles` finds roles. */
export interface RolesOptions {
  /**
   * The claim that is a list of roles or a single one; a path, such as `['realm_access', 'roles']`, for one inside others.
   * Default: `'roles'`.
   */
  readonly claim?: string | readonly string[] | undefined
}

/** How somebody must have logged in. At least one of them. */
export interface RequiredAuthentication {
  /** Authentication context classes, the preferred one first; `acr` must be one of them. Default: any. */
  readonly acrValues?: readonly string[] | undefined
  /** How long ago the login (`auth_time`) may be, in whole seconds. Default: any time. */
  readonly maxAgeSeconds?: number | undefined
  /** Methods that must all be in `amr`; clients are not told, for no parameter says it. Default: any. */
  readonly amr?: readonly string[] | undefined
}

type Callback = (...given: readonly unknown[]) => unknown

/** By how much the clock of who saw the login may be ahead. */
const TOLERANCE_SECONDS = 60

const scopeToken = /^[!#-[\]-~]+$/

/** Rule 7: only `true` allows. */
export function allowing(check: Callback): Check {
  return {
    name: 'allow',
    ask: (principal, who, state) => {
      const judge = (answer: unknown): Denied | null => {
        if (answer === true) return null
        if (answer !== false) {
          state.engine.announce.fault(
            'check-not-boolean',
            'allow(): the check must answer true or false',
            who.provider,
            state,
          )
        }
        const providers = Object.keys(who.principals)
        return { requirement: 'allow', providers, status: 403, error: undefined, challenges: [] }
      }
      const answer = check(principal, who)
      return isThenable(answer) ? Promise.resolve(answer).then(judge) : judge(answer)
    },
  }
}

/** @throws TypeError when the scopes are not a list of scope tokens (RFC 6749, section 3.3). */
export function scopesCheck(scopes: unknown): Check {
  const wanted = textsOf(scopes, 'requireScopes(): "scopes" must be a list of at least one scope', isScope)
  const has = (holder: StatementHolder): boolean => {
    const granted = scopesOf(holder)
    return wanted.every((scope) => granted.includes(scope))
  }
  return judging('requireScopes', has, insufficient('requireScopes', [['scope', wanted.join(' ')]]))
}

/** @throws TypeError when the roles or the claim cannot be used. */
export function rolesCheck(roles: unknown, options: RolesOptions = {}): Check {
  const wanted = textsOf(roles, 'requireRoles(): "roles" must be a list of at least one role', isFilled)
  const { claim = 'roles' } = options
  const path = typeof claim === 'string' ? [claim] : claim
  textsOf(path, 'requireRoles(): "claim" must be the name of a claim, or a path of names', isFilled)
  const has = (holder: StatementHolder): boolean => {
    const granted = listOf(statementAt(holder, path))
    return wanted.every((role) => granted.includes(role))
  }
  return judging('requireRoles', has, insufficient('requireRoles', []))
}

/** @throws TypeError when the claims cannot be used. */
export function claimsCheck(claims: unknown): Check {
  const problem = 'requireClaims(): "claims" must be an object with a value, values or a function for each claim'
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new TypeError(problem)
  const wanted = Object.entries(claims).map(([name, value]): [string, (claim: unknown) => boolean] => {
    const fits = matcherOf(value)
    if (fits === undefined) throw new TypeError(problem)
    return [name, fits]
  })
  if (wanted.length === 0) throw new TypeError(problem)
  const has = (holder: StatementHolder): boolean => wanted.every(([name, fits]) => fits(statementOf(holder, name)))
  return judging('requireClaims', has, insufficient('requireClaims', []))
}

/** @throws TypeError when nothing is required, or something cannot be. */
export function authenticationCheck(required: RequiredAuthentication): Check {
  const factory = 'requireAuthentication()'
  if (typeof required !== 'object' || required === null) throw new TypeError(`${factory}: wants an object`)
  const { acrValues, maxAgeSeconds, amr } = required
  if (acrValues === undefined && maxAgeSeconds === undefined && amr === undefined) {
    throw new TypeError(`${factory}: wants "acrValues", "maxAgeSeconds" or "amr"`)
  }
  const parameters: [string, string][] = []
  if (acrValues !== undefined) {
    const values = textsOf(acrValues, `${factory}: "acrValues" must be a list of words of printable US-ASCII`, isWord)
    parameters.push(['acr_values', values.join(' ')])
  }
  if (amr !== undefined) textsOf(amr, `${factory}: "amr" must be a list of at least one method`, isFilled)
  if (maxAgeSeconds !== undefined) {
    if (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 0) {
      throw new TypeError(`${factory}: "maxAgeSeconds" must be a whole number from 0`)
    }
    parameters.push(['max_age', String(maxAgeSeconds)])
  }
  const denials = new Denials('requireAuthentication', 401, 'insufficient_user_authentication', parameters)
  const has = (holder: StatementHolder, now: number): boolean => {
    const acr = statementOf(holder, 'acr')
    if (acrValues !== undefined && !(typeof acr === 'string' && acrValues.includes(acr))) return false
    if (maxAgeSeconds !== undefined && !isRecent(statementOf(holder, 'auth_time'), maxAgeSeconds, now)) return false
    const methods = listOf(statementOf(holder, 'amr'))
    return amr === undefined || amr.every((method) => methods.includes(method))
  }
  const demand: RequiredAuthentication = Object.freeze({ ...required })
  return judging('requireAuthentication', has, {
    of: (grants) => ({ ...denials.of(grants), unmet: { demand, grants } }),
  })
}

/** One of the principals must have it all: what one of them may and another knows is nobody's. */
function judging(
  name: string,
  has: (holder: StatementHolder, now: number) => boolean,
  denials: Pick<Denials, 'of'>,
): Check {
  return {
    name,
    ask: (_principal: Principal, _who, state, grants) => {
      const now = state.engine.clock()
      return grants.some((granted) => has(granted, now)) ? null : denials.of(grants)
    },
  }
}

function insufficient(requirement: string, parameters: readonly (readonly [string, string])[]): Denials {
  return new Denials(requirement, 403, 'insufficient_scope', parameters)
}

/** `scope` of RFC 8693, section 4.2, or what some issuers have in its place: a list, or `scp`. */
function scopesOf(holder: StatementHolder): readonly unknown[] {
  const scope = statementOf(holder, 'scope') ?? statementOf(holder, 'scp')
  return typeof scope === 'string' ? scope.split(' ') : listOf(scope)
}

function statementAt(holder: StatementHolder, [name = '', ...inner]: readonly string[]): unknown {
  let value = statementOf(holder, name)
  for (const member of inner) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, member)) return undefined
    value = Reflect.get(value, member)
  }
  return value
}

function isRecent(time: unknown, maxAgeSeconds: number, now: number): boolean {
  if (typeof time !== 'number') return false
  // Logins are noted in whole seconds: one of this very second is no second old.
  const age = Math.floor(now) - time
  // Written so that no comparison with NaN counts as recent.
  return age >= -TOLERANCE_SECONDS && age <= maxAgeSeconds
}

function matcherOf(wanted: unknown): ((claim: unknown) => boolean) | undefined {
  if (typeof wanted === 'function') return (claim) => wanted(claim) === true
  const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted]
  if (values.length === 0 || !values.every(isScalar)) return undefined
  return (claim) => listOf(claim).some((one) => values.includes(one))
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

function textsOf(value: unknown, problem: string, fits: (text: string) => boolean): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? [...value] : []
  const texts = list.filter((one) => typeof one === 'string' && fits(one)).map(String)
  if (texts.length === 0 || texts.length < list.length) throw new TypeError(problem)
  return texts
}

function isScope(text: string): boolean {
  return scopeToken.test(text)
}

function isFilled(text: string): boolean {
  return text !== ''
}

function isWord(text: string): boolean {
  return text !== '' && isPrintableAscii(text) && !text.includes(' ')
}
