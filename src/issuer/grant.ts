import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '../wire/json.ts'
import { isWellFormed } from '../wire/text.ts'

/** To which key of the client's a token is bound: one of the two. */
export interface TokenConfirmation {
  /** The SHA-256 thumbprint of a DPoP key (RFC 9449, section 6.1). */
  readonly jkt?: string | undefined
  /** The SHA-256 thumbprint of a client certificate (RFC 8705, section 3.1). */
  readonly 'x5t#S256'?: string | undefined
}

/** For whom tokens are issued, and what for. The application has decided that they may be. */
export interface IssueOptions {
  /** Whom the token stands for: 1 to 255 characters. */
  readonly subject: string
  /** The client that gets it; a name of one's own where there is only one. 1 to 255 characters. */
  readonly clientId: string
  /** The services that are to accept it. */
  readonly audience: string | readonly string[]
  /** What it allows: scopes, separated by single spaces. Default: no scopes. */
  readonly scope?: string | undefined
  /** When the person logged in, in seconds since 1970, for `requireAuthentication({ maxAgeSeconds })`. Default: not said. */
  readonly authTime?: number | undefined
  /** How the person logged in, as a class (`acr`). Default: not said. */
  readonly acr?: string | undefined
  /** By which methods the person logged in (RFC 8176), such as `['pwd', 'otp']`. Default: not said. */
  readonly amr?: readonly string[] | undefined
  /** To which key of the client's the tokens are bound. The application has seen its proof. Default: bearer tokens. */
  readonly confirmation?: TokenConfirmation | undefined
  /** Further claims, such as `roles`: plain JSON, and none of those that are named above. Default: none. */
  readonly claims?: { readonly [name: string]: JsonValue } | undefined
  /** Whether there is a refresh token as well. Default: whenever the issuer has `refreshTokens`. */
  readonly refreshable?: boolean | undefined
}

/** The claims of a grant's access tokens, apart from those that differ from token to token. */
export interface GrantClaims extends JsonObject {
  readonly sub: string
  readonly client_id: string
  readonly aud: string | readonly string[]
}

const SCOPE = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/
const MAXIMUM_LENGTH = 16_384
const THUMBPRINT = /^[\w-]{43}$/

const own = new Set(
  ['iss', 'sub', 'aud', 'client_id', 'iat', 'exp', 'nbf', 'jti', 'scope'].concat('auth_time', 'acr', 'amr', 'cnf'),
)

/**
 * Makes the claims of what the application wants to issue.
 *
 * @throws TypeError when it cannot be issued.
 * @see RFC 9068, section 2.2
 */
export function claimsOf(options: IssueOptions): GrantClaims {
  if (typeof options !== 'object' || options === null) throw new TypeError('issue(): wants an object of options')
  const { subject, clientId, audience, scope, authTime, acr, amr, confirmation, claims = {} } = options
  const foreign = Object.keys(claims).find((name) => own.has(name))
  if (foreign !== undefined) throw new TypeError(`issue(): "claims" must not have "${foreign}"`)
  mustBe('subject', isName(subject), '1 to 255 characters')
  mustBe('clientId', isName(clientId), '1 to 255 characters')
  mustBe('audience', isAudience(audience), 'a text that is not empty, or a list of such texts')
  mustBe('scope', scope === undefined || isScope(scope), 'scopes that are separated by single spaces')
  mustBe('authTime', authTime === undefined || (Number.isFinite(authTime) && authTime >= 0), 'seconds since 1970')
  mustBe('acr', acr === undefined || isName(acr), '1 to 255 characters')
  mustBe('amr', amr === undefined || (isList(amr) && amr.length > 0), 'a list of texts')
  mustBe('confirmation', confirmation === undefined || isConfirmation(confirmation), 'one thumbprint in base64url')
  const all = {
    ...claims,
    sub: subject,
    client_id: clientId,
    aud: audience,
    scope,
    auth_time: authTime === undefined ? undefined : Math.floor(authTime),
    acr,
    amr,
    cnf: confirmation,
  }
  // What is read again is what is signed and stored: no getter, no `toJSON`, nothing that changes later.
  const text = JSON.stringify(all)
  const grant = text.length > MAXIMUM_LENGTH ? undefined : grantOf(text)
  if (grant === undefined) {
    throw new TypeError(`issue(): "claims" must be plain JSON, all together at most ${MAXIMUM_LENGTH} characters`)
  }
  return grant
}

/** Reads claims that were written as JSON; `undefined` when they are not those of a grant. */
function grantOf(text: string): GrantClaims | undefined {
  const read = parseJsonObject(text)
  return read !== undefined && isGrant(read) ? read : undefined
}

/** Tells the claims of a grant from other objects. */
export function isGrant(value: JsonValue | undefined): value is GrantClaims {
  return isJsonObject(value) && isName(value.sub) && isName(value.client_id) && isAudience(value.aud)
}

/** The scopes of a grant; `undefined` when there are none. */
export function scopeOf({ scope }: GrantClaims): string | undefined {
  return typeof scope === 'string' ? scope : undefined
}

/** Answers a claim of `cnf`. */
export function confirmedBy({ cnf }: GrantClaims, method: keyof TokenConfirmation): JsonValue | undefined {
  return isJsonObject(cnf) ? cnf[method] : undefined
}

/** Tells whether a text is scopes (RFC 6749, section 3.3). */
export function isScope(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAXIMUM_LENGTH && SCOPE.test(value)
}

/** Tells whether each of the scopes that are asked for was granted. */
export function covers(granted: string | undefined, asked: string): boolean {
  const all = new Set(granted?.split(' '))
  return asked.split(' ').every((scope) => all.has(scope))
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 255 && isWellFormed(value)
}

function isAudience(value: unknown): value is string | readonly string[] {
  return isName(value) || (isList(value) && value.length > 0)
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isName)
}

function isConfirmation(value: TokenConfirmation): boolean {
  const members = Object.entries(value).filter(([, thumbprint]) => thumbprint !== undefined)
  const [name, thumbprint] = members[0] ?? []
  const isKnown = name === 'jkt' || name === 'x5t#S256'
  return members.length === 1 && isKnown && typeof thumbprint === 'string' && THUMBPRINT.test(thumbprint)
}

function mustBe(name: string, isGood: boolean, what: string): void {
  if (!isGood) throw new TypeError(`issue(): "${name}" must be ${what}`)
}
