import type { CustomFetch } from 'openid-client'
import { isCause } from '../../core/cause.ts'
import { publicJwks } from '../../keys/key-set.ts'
import type { KeySource, KeyWant } from '../../keys/key-source.ts'
import { limitedText } from '../../keys/limited-text.ts'
import { trustedUrl } from '../../keys/options.ts'
import { parseForm } from '../../wire/form.ts'
import { type JsonObject, parseJsonObject } from '../../wire/json.ts'
import { parseCompactJws } from '../../wire/jws.ts'
import { parseMediaType } from '../../wire/media-type.ts'
import { decrypted, isEncrypted, type OAuth2Decryption } from './decryption.ts'
import { OAuth2ConfigurationError, OAuth2Unavailable } from './errors.ts'
import type { OAuth2ClientOptions, OAuth2Settings } from './options.ts'

/** For whom and when a server is asked. An `AuthenticationContext` is one. */
export interface CallScope {
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
  /** Seconds since 1970. */
  now(): number
}

/** What is asked of everything that a server sends. */
export interface FetchGuards {
  readonly scope: CallScope
  /** Whether `http:` is allowed, which is then to this machine only, unless it is allowed to any. */
  readonly allowHttp: 'never' | 'loopback' | 'anywhere'
  /** The metadata, where openid-client is to read them. */
  readonly metadata?: string | undefined
  /** Whether id_tokens are looked at. Else they are left out, since nobody verified them. */
  readonly openid: boolean
  readonly keys: KeySource | undefined
  readonly jwksUri: string
  /** Where tokens are given, also to those who show a certificate. */
  readonly tokenEndpoints: readonly string[]
  /** What a token asks for that was there before any answer: the signed answer of an authorization request. */
  readonly wanted?: KeyWant | undefined
  readonly normalize?: OAuth2Settings['normalize']
  readonly decryption?: OAuth2Decryption | undefined
  readonly onTokenRequest?: OAuth2ClientOptions['onTokenRequest']
}

const FORM = 'application/x-www-form-urlencoded'
const LONGEST_ANSWER = 262_144
const LONGEST_JWT = 65_536

/**
 * Makes the `fetch` that openid-client uses: it follows no redirect, reads no more than 256 KiB, and takes the issuer's keys
 * from where becauth keeps them, so that an outage of theirs goes unnoticed.
 *
 * @throws OAuth2Unavailable (rejects) whatever else comes than an answer that can be judged.
 */
export function issuerFetch(guards: FetchGuards): CustomFetch {
  const { scope, metadata, keys, normalize, decryption, onTokenRequest } = guards
  const jwksUri = new URL(guards.jwksUri).href
  const tokenEndpoints = new Set(guards.tokenEndpoints.map((one) => new URL(one).href))
  const asked = guards.wanted === undefined ? [] : [guards.wanted]
  return async (href, { method, headers, body, signal }) => {
    const isRead = method === 'GET'
    const abort = signal === undefined ? scope.signal : AbortSignal.any([scope.signal, signal])
    if (isRead && keys !== undefined && href === jwksUri) return json(await keySet(keys, asked, abort))
    // After the keys: Auth0 and Cognito have theirs at such a place, too.
    if (isRead && metadata !== undefined && href.includes('/.well-known/')) return json(metadata)
    const isTokenRequest = !isRead && tokenEndpoints.has(href)
    const form = body instanceof URLSearchParams ? body : undefined
    const sent = new Headers(headers)
    if (isTokenRequest && form !== undefined) await onTokenRequest?.({ url: href, headers: sent, body: form })
    const { status, text, type, proving } = await guardedText(
      href,
      { method, headers: sent, body: form },
      guards,
      abort,
    )
    const answer = isTokenRequest && type === FORM ? formObject(text) : parseJsonObject(text)
    if (answer === undefined) {
      const plain = decryption !== undefined && isEncrypted(text) ? await decrypted(text, decryption, abort) : text
      const claims = plain === text ? undefined : parseJsonObject(plain)
      if (claims !== undefined) return json(claims, status, proving)
      asked.push(...wantsOf(plain))
      return new Response(isEmptyStatus(status) ? null : plain, {
        status,
        headers: { 'content-type': type ?? 'text/plain', ...proving },
      })
    }
    if (!isTokenRequest) return json(answer, status, proving)
    const right = (normalize ?? asItIs)({ status, body: answer })
    if (sent.has('dpop')) mustBeBound(right.body)
    const { id_token: given, ...others } = right.body
    if (!guards.openid) return json(others, right.status, proving)
    if (typeof given !== 'string') return json(right.body, right.status, proving)
    const idToken = decryption === undefined ? given : await decrypted(given, decryption, abort)
    asked.push(...wantsOf(idToken))
    return json({ ...others, id_token: idToken }, right.status, proving)
  }
}

/** A request as it is sent. */
interface GuardedRequest {
  readonly method: string
  readonly headers: Headers
  readonly body?: URLSearchParams | undefined
}

/** What came back, when it is one that can be judged: neither redirect nor outage, not too long, UTF-8. */
interface GuardedAnswer {
  readonly status: number
  readonly text: string
  /** The media type, without parameters and in lower case. */
  readonly type: string | undefined
  /** The fields that say which nonce a proof must have. */
  readonly proving: Readonly<Record<string, string>>
}

/** @throws OAuth2Unavailable (rejects) for anything else. */
export async function guardedText(
  href: string,
  { method, headers, body }: GuardedRequest,
  { scope, allowHttp }: Pick<FetchGuards, 'scope' | 'allowHttp'>,
  signal: AbortSignal,
): Promise<GuardedAnswer> {
  const url = issuerUrl(href, allowHttp)
  if (typeof url === 'string') throw new OAuth2Unavailable('untrusted-url', `a URL of the issuer's ${url}`)
  const init = { method, headers, redirect: 'manual', signal, ...(body === undefined ? {} : { body }) } as const
  const response = await scope.fetch(url.href, init).catch((error: unknown) => {
    throw new OAuth2Unavailable('unreachable', 'the issuer does not answer', error)
  })
  const { status } = response
  // Browsers hide a redirect behind this type and the status 0.
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    response.body?.cancel().catch(() => {})
    throw new OAuth2Unavailable('redirect', 'the issuer answers with a redirect, which is not followed')
  }
  if (status >= 500 || status === 429) {
    response.body?.cancel().catch(() => {})
    throw new OAuth2Unavailable(`status-${status}`, `the issuer answers with status ${status}`)
  }
  const text = await limitedText(response, LONGEST_ANSWER, signal, (problem, message, cause) => {
    return new OAuth2Unavailable(problem, message, cause)
  })
  return {
    status,
    text,
    type: parseMediaType(response.headers.get('content-type') ?? '')?.essence,
    proving: provingIn(response.headers),
  }
}

/**
 * Takes a URL of an issuer's, such as those in its metadata.
 *
 * @returns the problem, said of the URL, or the URL.
 */
export function issuerUrl(value: unknown, allowHttp: FetchGuards['allowHttp']): URL | string {
  const url = trustedUrl(value, allowHttp === 'anywhere')
  if (typeof url === 'string' || url.protocol === 'https:' || allowHttp !== 'never') return url
  // Else an issuer could have this machine's own services asked.
  return 'is "http:", and that of the issuer is not'
}

/** RFC 9449, sections 8 and 9. Other challenges are left out: the answer itself says more. */
function provingIn(headers: Headers): Readonly<Record<string, string>> {
  const [nonce, challenge] = [headers.get('dpop-nonce'), headers.get('www-authenticate')]
  return {
    ...(nonce === null ? {} : { 'dpop-nonce': nonce }),
    ...(challenge?.includes('use_dpop_nonce') ? { 'www-authenticate': challenge } : {}),
  }
}

/** RFC 9449, section 5: who asked for a token that is bound does not take another. */
function mustBeBound({ access_token: token, token_type: type }: JsonObject): void {
  if (typeof token !== 'string' || typeof type !== 'string' || type.toLowerCase() === 'dpop') return
  throw new OAuth2ConfigurationError('not-bound', 'the issuer gives a token that is not bound to the key of "dpop"')
}

/** Some servers answer as they did before there was RFC 6749. */
function formObject(text: string): JsonObject | undefined {
  const pairs = parseForm(text)
  return pairs === undefined || new Map(pairs).size < pairs.length ? undefined : Object.fromEntries(pairs)
}

function asItIs(answer: { readonly status: number; readonly body: JsonObject }): typeof answer {
  return answer
}

/** The keys that a text asks for, if it is a signed JWT. */
export function wantsOf(text: string): readonly KeyWant[] {
  const jws = parseCompactJws(text.trim(), LONGEST_JWT)
  if (typeof jws === 'string') return []
  const { alg, kid } = jws.header
  return [{ alg, use: 'sig', ...(kid === undefined ? {} : { kid }) }]
}

/** The keys that were asked for, as a JWK Set. One that nobody has is left out: then openid-client finds none. */
async function keySet(keys: KeySource, asked: readonly KeyWant[], signal: AbortSignal): Promise<JsonObject> {
  const found = await Promise.all(asked.map((want) => keys.find(want, signal)))
  const known = found.flatMap((one) => {
    if (!isCause(one)) return one
    if (one.kind === 'Error') throw one
    return []
  })
  // openid-client keeps what it gets, and another key may be asked for later in the same login.
  const all = asked.length > 0 && known.length > 0 ? parseJsonObject(await keys.export())?.keys : []
  const set: JsonObject | undefined = parseJsonObject(JSON.stringify({ keys: publicJwks(known) }))
  const own = Array.isArray(set?.keys) ? set.keys : []
  const others = Array.isArray(all) ? all.filter((one) => !own.some((two) => sameKey(one, two))) : []
  return { keys: [...own, ...others] }
}

function sameKey(one: unknown, two: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(two)
}

function isEmptyStatus(status: number): boolean {
  return status === 204 || status === 205
}

function json(value: string | JsonObject, status = 200, fields: Readonly<Record<string, string>> = {}): Response {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return new Response(isEmptyStatus(status) ? null : text, {
    status,
    headers: { 'content-type': 'application/json', ...fields },
  })
}
