import { hasScheme } from '../wire/authorization.ts'
import type { Challenge } from '../wire/challenges.ts'
import { isPrintableAscii, isToken } from '../wire/tokens.ts'
import type { FailureVerdict, Grant } from './provider.ts'
import type { RequestView } from './request.ts'
import type { TokenProof } from './token-proof.ts'
import { TokenProofs } from './token-proofs.ts'
import {
  authorizationReader,
  cookieReader,
  headerReader,
  ownReader,
  queryReader,
  type Reading,
  repeated,
  type TokenReader,
} from './token-readers.ts'
import { type TokenRefusals, tokenRefusals } from './token-refusals.ts'
import type { TokenResource } from './token-resource.ts'

/** Places of a token other than the `Authorization` scheme. Where both are given, both are read. */
export type TokenPlaces =
  | {
      /**
       * The name of a cookie. Browsers attach it by themselves, so requests that another site may have caused are denied
       * (403) unless they only read. A cookie that comes twice is `malformed-credential`.
       */
      readonly cookie: string
      /** The name of a header field as well. Default: none. */
      readonly header?: string | undefined
    }
  | {
      /** The name of a header field that is the token as a whole. `Authorization` is read by its scheme, as ever. */
      readonly header: string
      /** The name of a cookie as well. Default: none. */
      readonly cookie?: string | undefined
    }

/** Where a provider finds its token, and the auth-scheme that it challenges with. */
export interface TokenSourceOptions {
  /** Names the protected area: printable US-ASCII, not empty. Default: the provider's name. */
  readonly realm?: string | undefined
  /** The auth-scheme in challenges and in `Authorization`. Default: `'Bearer'`. */
  readonly scheme?: string | undefined
  /** Further auth-schemes that are accepted, and not advertised. Default: none. */
  readonly additionalSchemes?: readonly string[] | undefined
  /**
   * Where the token is: in a cookie, in a header field of its own, or wherever a function finds it. A function's throw is
   * an `Error`; a token that it takes out of a cookie has no protection against other sites, so name the cookie instead,
   * and of header fields that it reads caches are not told. Default: `Authorization`.
   */
  readonly tokenFrom?: TokenPlaces | ((request: RequestView) => string | undefined) | undefined
  /**
   * Accepts the token in the URL as well: `true` for the parameter `access_token`, or a parameter's name.
   *
   * @deprecated URLs end up in logs, histories and `Referer` fields, and with them every token.
   * @see RFC 6750, sections 2.3 and 5.3; RFC 9700, section 4.3.2
   */
  readonly dangerouslyAcceptQueryToken?: true | string | undefined
  /**
   * Proofs that whoever sends a token has the key that it is bound to: `dpop()`, `certificateBound()`. A token whose `cnf`
   * has a member that none of them confirms is `proof-missing`, also when there are none. Default: none.
   */
  readonly proofs?: readonly TokenProof[] | undefined
  /**
   * The resource that is guarded, made by `protectedResource()`: challenges then carry `resource_metadata` and `scope`.
   * Default: none.
   */
  readonly resource?: TokenResource | undefined
}

/** A token, and what a principal proved by it gets, by the place where it was found. */
interface FoundToken {
  readonly token: string
  readonly grant: Grant
  readonly cause?: never
}

/** Where one provider finds its token, and how it refuses one. */
export interface TokenSource {
  readonly refusals: TokenRefusals
  /** The header fields for `Vary`. */
  readonly readsHeaders: readonly string[]
  /**
   * What seems to be the token, its grammar unread, so that a token that is known need not be read again; `undefined`
   * where the token may be in several places or is not in `Authorization`. It is found there with `grant`.
   */
  readonly glance: ((request: RequestView) => string | undefined) | undefined
  /** What a principal gets that is proved by what `glance` found. */
  readonly grant: Grant | undefined
  readonly proofs: TokenProofs
  /** The refusals of a token that this request has, by the auth-scheme in which it came. */
  refusalsOf(request: RequestView): TokenRefusals
  /** The only token of a request, or the refusal of a request that has none, several, or something unreadable. */
  find(request: RequestView): FoundToken | FailureVerdict
}

/** @throws TypeError, in the name of the factory, when an option cannot be used. */
export function tokenSource(options: TokenSourceOptions, factory: string): TokenSource {
  check(options, factory)
  const { scheme = 'Bearer', realm } = options
  const proofs = proofsOf(options, factory)
  const challenges = proofs.map(({ challenge }) => challenge).filter((challenge) => challenge !== undefined)
  const schemes = schemesOf(options, scheme, challenges)
  const readers = readersOf(options, schemes, factory)
  const refusals = tokenRefusals({ scheme, realm, proofs: challenges, resource: options.resource })
  const schemeOf = readsAuthorization(options) ? (request: RequestView) => usedScheme(request, schemes) : noScheme
  const refusalsOf = (request: RequestView): TokenRefusals =>
    challenges.length === 0 ? refusals : refusals.of(schemeOf(request))
  const [first, ...others] = readers
  return {
    refusals,
    readsHeaders: headerNames(options),
    glance: others.length === 0 ? first?.glance : undefined,
    grant: first?.grant,
    proofs: new TokenProofs(proofs, refusals, schemeOf, factory),
    refusalsOf,
    find: (request) => find(request, readers, refusalsOf),
  }
}

function find(
  request: RequestView,
  readers: readonly TokenReader[],
  refusalsOf: (request: RequestView) => TokenRefusals,
): FoundToken | FailureVerdict {
  let found: Reading
  let grant: Grant | undefined
  for (const reader of readers) {
    const reading = reader.read(request)
    if (reading === undefined) continue
    if (grant !== undefined) return refusalsOf(request).repeated
    found = reading
    grant = reader.grant
  }
  if (found === undefined || grant === undefined) return refusalsOf(request).absent
  if (typeof found === 'string') return { token: found, grant }
  const refusals = refusalsOf(request)
  return found === repeated ? refusals.repeated : refusals.unreadable
}

function check(options: TokenSourceOptions, factory: string): void {
  const { realm, scheme, additionalSchemes } = options
  if (realm !== undefined && (typeof realm !== 'string' || realm === '' || !isPrintableAscii(realm))) {
    throw new TypeError(`${factory}: "realm" must be a non-empty string of printable US-ASCII`)
  }
  if (scheme !== undefined && !isName(scheme)) {
    throw new TypeError(`${factory}: "scheme" must be an auth-scheme such as "Bearer"`)
  }
  if (additionalSchemes !== undefined && !(Array.isArray(additionalSchemes) && additionalSchemes.every(isName))) {
    throw new TypeError(`${factory}: "additionalSchemes" must be a list of auth-schemes`)
  }
  checkPlaces(options, factory)
}

function checkPlaces({ tokenFrom, dangerouslyAcceptQueryToken: query }: TokenSourceOptions, factory: string): void {
  if (query !== undefined && query !== true && (typeof query !== 'string' || query === '')) {
    throw new TypeError(`${factory}: "dangerouslyAcceptQueryToken" must be true or the name of a parameter`)
  }
  if (tokenFrom === undefined || typeof tokenFrom === 'function') return
  if (typeof tokenFrom !== 'object' || tokenFrom === null) {
    throw new TypeError(`${factory}: "tokenFrom" must name a cookie or a header field, or be a function`)
  }
  const { cookie, header } = tokenFrom
  if (cookie === undefined && header === undefined) {
    throw new TypeError(`${factory}: "tokenFrom" must name a cookie or a header field`)
  }
  if (cookie !== undefined && !isName(cookie)) {
    throw new TypeError(`${factory}: "tokenFrom.cookie" must be the name of a cookie`)
  }
  if (header !== undefined && (!isName(header) || header.toLowerCase() === 'cookie')) {
    throw new TypeError(`${factory}: "tokenFrom.header" must be the name of a header field other than Cookie`)
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && isToken(value)
}

/** Everything that is read, in the order of the documentation. */
function readersOf(options: TokenSourceOptions, schemes: readonly string[], factory: string): readonly TokenReader[] {
  const { tokenFrom, dangerouslyAcceptQueryToken: query } = options
  const authorization = authorizationReader(schemes)
  const readers: TokenReader[] = []
  if (tokenFrom === undefined) readers.push(authorization)
  else if (typeof tokenFrom === 'function') readers.push(ownReader(tokenFrom, factory))
  else {
    const { cookie, header } = tokenFrom
    if (header !== undefined) readers.push(isAuthorization(header) ? authorization : headerReader(header))
    if (cookie !== undefined) readers.push(cookieReader(cookie))
  }
  if (query !== undefined) readers.push(queryReader(query === true ? 'access_token' : query))
  return readers
}

function headerNames({ tokenFrom }: TokenSourceOptions): readonly string[] {
  if (tokenFrom === undefined || typeof tokenFrom === 'function') return []
  const { cookie, header } = tokenFrom
  const names: string[] = []
  if (header !== undefined && !isAuthorization(header)) names.push(header)
  if (cookie !== undefined) names.push('Cookie')
  return names
}

/** The auth-schemes that are accepted, in lower case, each once. */
function schemesOf(
  { additionalSchemes = [] }: TokenSourceOptions,
  scheme: string,
  challenges: readonly Challenge[],
): readonly string[] {
  const all = [scheme, ...additionalSchemes, ...challenges.map((challenge) => challenge.scheme)]
  return [...new Set(all.map((one) => one.toLowerCase()))]
}

function usedScheme(request: RequestView, schemes: readonly string[]): string | undefined {
  const value = request.header('authorization')
  return value === undefined ? undefined : schemes.find((scheme) => hasScheme(value, scheme))
}

function noScheme(): undefined {
  return undefined
}

function readsAuthorization({ tokenFrom }: TokenSourceOptions): boolean {
  if (tokenFrom === undefined) return true
  return typeof tokenFrom === 'object' && tokenFrom.header !== undefined && isAuthorization(tokenFrom.header)
}

/** @throws TypeError when they are no proofs, or two confirm the same. */
function proofsOf({ proofs = [], resource }: TokenSourceOptions, factory: string): readonly TokenProof[] {
  const names = Array.isArray(proofs)
    ? proofs.map(({ confirms, prove }) => typeof prove === 'function' && confirms)
    : []
  if (!Array.isArray(proofs) || !names.every(isFilled) || new Set(names).size < names.length) {
    throw new TypeError(`${factory}: "proofs" must be a list of different proofs, such as dpop()`)
  }
  if (resource !== undefined && !isResource(resource)) {
    throw new TypeError(`${factory}: "resource" must be a resource made by protectedResource()`)
  }
  return [...proofs]
}

function isResource(resource: TokenResource | null): boolean {
  if (typeof resource !== 'object' || resource === null) return false
  const { metadataUrl, scopes } = resource
  return [resource.resource, metadataUrl].every(isFilled) && Array.isArray(scopes) && scopes.every(isFilled)
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && isPrintableAscii(value)
}

function isAuthorization(name: string): boolean {
  return name.toLowerCase() === 'authorization'
}
