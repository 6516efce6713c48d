import { afterScheme, hasScheme, parseAuthorization } from '../wire/authorization.ts'
import { cookieValues } from '../wire/cookies.ts'
import { isToken68 } from '../wire/tokens.ts'
import { AuthenticationError, type InvalidCredentials, invalidCredentials } from './cause.ts'
import type { Grant } from './provider.ts'
import type { HeaderField, RequestView } from './request.ts'

/** Several tokens, or one by several methods: RFC 6750, section 3.1 calls it `invalid_request`. */
export const repeated: InvalidCredentials = invalidCredentials('malformed-request')

/** Something stands where the token should, and it is no `b64token`. */
export const unreadable: InvalidCredentials = invalidCredentials('malformed-credential')

/** The token, `undefined` when the request has none at this place, or what is wrong with it. */
export type Reading = string | InvalidCredentials | undefined

/** One place where the token may be, and what a principal proved by a token from there gets. */
export interface TokenReader {
  readonly grant: Grant
  readonly read: (request: RequestView) => Reading
  /** What stands after the scheme, its grammar unread; `undefined` where there is none. */
  readonly glance?: (request: RequestView) => string | undefined
}

const explicit: Grant = Object.freeze({})
const attachedByBrowser: Grant = Object.freeze({ ambient: true })
const noFields: readonly HeaderField[] = Object.freeze([])
const privately: readonly HeaderField[] = Object.freeze([Object.freeze(['Cache-Control', 'private'] as const)])

// Caches know that answers to `Authorization` are personal; of a token elsewhere they must be told.
const keptPrivate: Grant = Object.freeze({
  onAccept: (response) => (response.header('cache-control') === undefined ? privately : noFields),
} satisfies Grant)

/** Reads `Authorization`; `schemes` are in lower case. */
export function authorizationReader(schemes: readonly string[]): TokenReader {
  return {
    grant: explicit,
    read: (request) => readAuthorization(request.header('authorization'), schemes),
    glance: (request) => restOf(request.header('authorization'), schemes),
  }
}

/** Reads a header field that is the token as a whole. */
export function headerReader(name: string): TokenReader {
  const field = name.toLowerCase()
  const read = (request: RequestView): Reading => {
    const value = request.header(field)
    if (value === undefined || isToken68(value)) return value
    return value.includes(',') ? repeated : unreadable
  }
  return { grant: explicit, read }
}

/** Reads a cookie. Two of one name mean that somebody planted one, so neither counts. */
export function cookieReader(name: string): TokenReader {
  const read = (request: RequestView): Reading => {
    const values = cookieValues(request.header('cookie'), name)
    return values.length > 1 ? unreadable : checked(values[0])
  }
  return { grant: attachedByBrowser, read }
}

/** Reads a parameter of the URL. */
export function queryReader(name: string): TokenReader {
  const read = (request: RequestView): Reading => {
    if (!request.target.includes('?')) return undefined
    const values = request.url.searchParams.getAll(name)
    return values.length > 1 ? repeated : checked(values[0])
  }
  return { grant: keptPrivate, read }
}

/** Asks the application's own function. */
export function ownReader(extract: (request: RequestView) => string | undefined, factory: string): TokenReader {
  const read = (request: RequestView): Reading => {
    const token: unknown = extract(request)
    if (token === undefined || typeof token === 'string') return checked(token)
    throw new AuthenticationError(`${factory}: "tokenFrom" must answer a string or undefined`, {
      code: 'invalid-answer',
    })
  }
  return { grant: keptPrivate, read }
}

function checked(token: string | undefined): Reading {
  return token === undefined || isToken68(token) ? token : unreadable
}

/** `b64token` of RFC 6750, section 2.1 is `token68` of RFC 9110. */
function readAuthorization(value: string | undefined, schemes: readonly string[]): Reading {
  if (value === undefined) return undefined
  const rest = restOf(value, schemes)
  if (rest !== undefined && isToken68(rest)) return rest
  if (namesOneOf(value, schemes)) return parseAuthorization(value)?.token68 ?? judge(value, schemes)
  // Lines of different schemes are judged alike, whichever of them comes first.
  return value.includes(',') && parseAuthorization(value) === undefined ? judge(value, schemes) : undefined
}

function restOf(value: string | undefined, schemes: readonly string[]): string | undefined {
  if (value === undefined) return undefined
  for (const scheme of schemes) {
    const from = afterScheme(value, scheme)
    if (from !== undefined) return value.slice(from)
  }
  return undefined
}

/** Says what is wrong with a value that is not one scheme and one token. */
function judge(value: string, schemes: readonly string[]): Reading {
  const own = value.split(',').filter((element) => namesOneOf(element, schemes)).length
  if (own === 0) return undefined
  return own === 1 ? unreadable : repeated
}

function namesOneOf(value: string, schemes: readonly string[]): boolean {
  for (const scheme of schemes) if (hasScheme(value, scheme)) return true
  return false
}
