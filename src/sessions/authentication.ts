import type { Grant } from '../core/provider.ts'

/** How and when somebody showed who they are, as a login or a step-up knows it. */
export interface SessionAuthentication {
  /** The authentication context class, such as an identity provider's `acr`. Default: none. */
  readonly acr?: string | undefined
  /** The methods, such as `['pwd', 'otp']` (RFC 8176). Default: none. */
  readonly amr?: readonly string[] | undefined
  /**
   * When, in seconds since 1970: an identity provider's `auth_time`, which may lie well before the login here. `null`:
   * nobody knows, so that it never counts as recent. Default: now.
   */
  readonly authTime?: number | null | undefined
}

/** What a session keeps of it. */
export interface AuthenticationFacts {
  readonly authenticatedAt: number | undefined
  readonly acr: string | undefined
  readonly amr: readonly string[]
}

const none: readonly never[] = Object.freeze([])
const LONGEST = 255
const MOST = 16

/** Nobody showed anything: the browser was remembered. */
export const unauthenticated: AuthenticationFacts = Object.freeze({
  authenticatedAt: undefined,
  acr: undefined,
  amr: none,
})

/** @throws TypeError, in the name of `owner`, when it cannot be kept. */
export function factsOf(given: SessionAuthentication | undefined, now: number, owner: string): AuthenticationFacts {
  const { acr, amr = none, authTime = now } = given ?? {}
  if (acr !== undefined && !isName(acr)) {
    throw new TypeError(`${owner}: "authentication.acr" must be a text of at most ${LONGEST} characters`)
  }
  if (!Array.isArray(amr) || amr.length > MOST || !amr.every(isName)) {
    throw new TypeError(`${owner}: "authentication.amr" must be a list of at most ${MOST} texts`)
  }
  if (authTime !== null && !(Number.isFinite(authTime) && authTime >= 0)) {
    throw new TypeError(`${owner}: "authentication.authTime" must be seconds since 1970, or null`)
  }
  // Nobody has logged in later than now, whatever another clock says.
  const authenticatedAt = authTime === null ? undefined : Math.floor(Math.min(authTime, now))
  return { authenticatedAt, acr, amr: [...amr] }
}

/** Reads what was kept; anything ill-formed is as good as not there. */
export function keptFacts(authenticatedAt: unknown, acr: unknown, amr: unknown): AuthenticationFacts {
  return {
    authenticatedAt: typeof authenticatedAt === 'number' ? authenticatedAt : undefined,
    acr: isName(acr) ? acr : undefined,
    amr: Array.isArray(amr) ? amr.filter(isName) : none,
  }
}

/** What `requireAuthentication` reads. */
export function claimsOf({ authenticatedAt, acr, amr }: AuthenticationFacts): Grant['claims'] {
  if (acr === undefined && amr.length === 0) return { auth_time: authenticatedAt }
  return { auth_time: authenticatedAt, acr, amr }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST
}
