import type { Principal } from '../../core/provider.ts'
import { isPrintableAscii, isToken } from '../../wire/tokens.ts'
import type { BearerOptions } from './bearer.ts'
import { authorizationReader, cookieReader, headerReader, ownReader, queryReader, type TokenReader } from './token.ts'

/** @throws TypeError when an option cannot be used. */
export function checkBearer(options: BearerOptions<Principal>): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('bearer(): wants an object of options')
  const { validate, realm, scheme, additionalSchemes, challenge } = options
  if (typeof validate !== 'function') throw new TypeError('bearer(): "validate" must be a function')
  if (realm !== undefined && (typeof realm !== 'string' || realm === '' || !isPrintableAscii(realm))) {
    throw new TypeError('bearer(): "realm" must be a non-empty string of printable US-ASCII')
  }
  if (scheme !== undefined && !isName(scheme)) {
    throw new TypeError('bearer(): "scheme" must be an auth-scheme such as "Bearer"')
  }
  if (additionalSchemes !== undefined && !(Array.isArray(additionalSchemes) && additionalSchemes.every(isName))) {
    throw new TypeError('bearer(): "additionalSchemes" must be a list of auth-schemes')
  }
  if (challenge !== undefined && typeof challenge !== 'function') {
    throw new TypeError('bearer(): "challenge" must be a function')
  }
  checkPlaces(options)
}

function checkPlaces({ tokenFrom, dangerouslyAcceptQueryToken: query }: BearerOptions<Principal>): void {
  if (query !== undefined && query !== true && (typeof query !== 'string' || query === '')) {
    throw new TypeError('bearer(): "dangerouslyAcceptQueryToken" must be true or the name of a parameter')
  }
  if (tokenFrom === undefined || typeof tokenFrom === 'function') return
  if (typeof tokenFrom !== 'object' || tokenFrom === null) {
    throw new TypeError('bearer(): "tokenFrom" must name a cookie or a header field, or be a function')
  }
  const { cookie, header } = tokenFrom
  if (cookie === undefined && header === undefined) {
    throw new TypeError('bearer(): "tokenFrom" must name a cookie or a header field')
  }
  if (cookie !== undefined && !isName(cookie)) {
    throw new TypeError('bearer(): "tokenFrom.cookie" must be the name of a cookie')
  }
  if (header !== undefined && (!isName(header) || header.toLowerCase() === 'cookie')) {
    throw new TypeError('bearer(): "tokenFrom.header" must be the name of a header field other than Cookie')
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && isToken(value)
}

/** Everything that is read, in the order of the documentation. */
export function readersOf<P extends Principal>(options: BearerOptions<P>, scheme: string): readonly TokenReader[] {
  const { tokenFrom, additionalSchemes = [], dangerouslyAcceptQueryToken: query } = options
  const authorization = authorizationReader([
    ...new Set([scheme, ...additionalSchemes].map((one) => one.toLowerCase())),
  ])
  const readers: TokenReader[] = []
  if (tokenFrom === undefined) readers.push(authorization)
  else if (typeof tokenFrom === 'function') readers.push(ownReader(tokenFrom))
  else {
    const { cookie, header } = tokenFrom
    if (header !== undefined) readers.push(isAuthorization(header) ? authorization : headerReader(header))
    if (cookie !== undefined) readers.push(cookieReader(cookie))
  }
  if (query !== undefined) readers.push(queryReader(query === true ? 'access_token' : query))
  return readers
}

/** The header fields for `Vary`. */
export function headerNames<P extends Principal>({ tokenFrom }: BearerOptions<P>): readonly string[] {
  if (tokenFrom === undefined || typeof tokenFrom === 'function') return []
  const { cookie, header } = tokenFrom
  const names: string[] = []
  if (header !== undefined && !isAuthorization(header)) names.push(header)
  if (cookie !== undefined) names.push('Cookie')
  return names
}

function isAuthorization(name: string): boolean {
  return name.toLowerCase() === 'authorization'
}
