import { type SetCookie, stringifySetCookie } from 'cookie'
import type { HeaderField } from '../core/request.ts'
import { cookieValues } from '../wire/cookies.ts'
import { isToken } from '../wire/tokens.ts'
import type { SessionRequest } from './types.ts'

/** How the cookies of stored sessions are set. */
export interface SessionCookieOptions {
  /** Default: `__Host-session`; `session` with `dangerouslyAllowInsecureCookie`. */
  readonly name?: string | undefined
  /** Default: `Lax`. */
  readonly sameSite?: 'Lax' | 'Strict' | undefined
  /** Whether the cookie outlives the browser's window, until the session's absolute end. Default: `false`. */
  readonly persistent?: boolean | undefined
  /**
   * For pages in frames of other sites: `SameSite=None; Secure; Partitioned`, a cookie for each site around.
   * Default: `false`.
   */
  readonly embed?: boolean | undefined
  /**
   * Whether the cookie goes over connections that are not encrypted. Not needed for `localhost`.
   *
   * @deprecated Whoever is on the network can take the session.
   */
  readonly dangerouslyAllowInsecureCookie?: boolean | undefined
}

/** Where a text travels: out in a header field of the answer, back in one of the request. */
export interface Transport {
  /** The cookie's name, or the header field's. What is stored is known by it, too. */
  readonly name: string
  /** The request header field. */
  readonly header: string
  /** The fields that make a browser drop its copy. */
  readonly deletion: readonly HeaderField[]
  /** Whether browsers attach it by themselves. */
  readonly ambient: boolean
  /** Every text that the request has, as sent. */
  read(request: SessionRequest): readonly string[]
  /** The field that gives a text to the client. */
  write(text: string, maxAgeSeconds?: number): HeaderField
}

const nothing: readonly never[] = Object.freeze([])

/**
 * Makes the transport of a cookie.
 *
 * @throws TypeError when an option cannot be used.
 */
export function cookieTransport(options: SessionCookieOptions, suffix: string, owner = 'sessions()'): Transport {
  const { sameSite = 'Lax', embed = false, dangerouslyAllowInsecureCookie: insecure = false } = options
  const { name: base = insecure ? 'session' : '__Host-session' } = options
  if (typeof base !== 'string' || !isToken(base) || base.length > 64) {
    throw new TypeError(`${owner}: "cookie.name" must be a token of at most 64 characters`)
  }
  if (sameSite !== 'Lax' && sameSite !== 'Strict') {
    throw new TypeError(`${owner}: "cookie.sameSite" must be "Lax" or "Strict"`)
  }
  if (insecure && (embed || /^__(?:host|secure)-/i.test(base))) {
    throw new TypeError(
      `${owner}: "cookie.embed" and names that begin with "__Host-" or "__Secure-" do not go with ` +
        '"cookie.dangerouslyAllowInsecureCookie"',
    )
  }
  const name = base + suffix
  const attributes: Omit<SetCookie, 'value'> = {
    name,
    path: '/',
    secure: !insecure,
    httpOnly: true,
    sameSite: embed ? 'none' : sameSite === 'Lax' ? 'lax' : 'strict',
    partitioned: embed,
  }
  const field = (cookie: SetCookie): HeaderField => Object.freeze(['Set-Cookie', stringifySetCookie(cookie)] as const)
  return {
    name,
    header: 'Cookie',
    deletion: Object.freeze([field({ ...attributes, value: '', maxAge: 0 })]),
    ambient: true,
    read: (request) => cookieValues(request.header('cookie'), name),
    write: (value, maxAge) => field({ ...attributes, value, ...(maxAge === undefined ? {} : { maxAge }) }),
  }
}

/**
 * Makes the transport of a header field, for clients that are no browsers.
 *
 * @throws TypeError when the name cannot be used.
 */
export function headerTransport(name: string): Transport {
  if (typeof name !== 'string' || !isToken(name) || /^(?:cookie|authorization|proxy-authorization)$/i.test(name)) {
    throw new TypeError('sessions(): "header" must be the name of a header field of its own')
  }
  const wanted = name.toLowerCase()
  return {
    name,
    header: name,
    deletion: nothing,
    ambient: false,
    // Several field lines arrive joined; a session has no comma.
    read: (request) => request.header(wanted)?.split(', ') ?? nothing,
    write: (text) => [name, text],
  }
}
