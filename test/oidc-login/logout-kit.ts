import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { isCause } from '../../src/core/cause.ts'
import { FetchBrowser } from './browser.ts'
import { ISSUER, origin, type UnderWay } from './kit.ts'
import { type LogoutServiceOptions, logoutService } from './logout-service.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'
import { withService } from './service.ts'

export const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
export const AFTER = `${origin}/logged-out`

/** A key of an issuer, and what it publishes of it. */
export interface IssuerKey {
  readonly kid: string
  readonly alg: string
  readonly key: Parameters<SignJWT['sign']>[0]
  readonly jwk: object
}

export async function issuerKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** Members of a header that are changed. What is `undefined` is left out. */
export type JoseHeader = Readonly<Record<string, string | undefined>>

/** Claims of a token that are changed. What is `undefined` is left out. */
export type Changes = Readonly<Record<string, unknown>>

/** A service with logouts, an issuer that a test speaks for, and a clock that it moves. */
export async function logoutKit(options: LogoutServiceOptions = {}) {
  const time = { now: 1_800_000_000 }
  const clock = () => time.now
  const issuer = await ScriptedIssuer.start(ISSUER, clock)
  issuer.metadata = { end_session_endpoint: `${ISSUER}/logout?ui=plain` }
  const key = await issuerKey('logout')
  const published: object[] = [issuer.publicJwk, key.jwk]
  const fetch = publishing(issuer, published)
  const service = logoutService({ issuer: ISSUER, origin, clientId: 'orders', clock, fetch }, options)
  const { failures, handle } = service
  const newBrowser = () => new FetchBrowser(withService(origin, handle))

  const begin = async (browser = newBrowser()): Promise<UnderWay & { readonly nonce: string }> => {
    const { url } = await browser.go(`${origin}/me`, { until: (next) => next.startsWith(ISSUER) })
    const parameters = new URL(url).searchParams
    return { browser, parameters, nonce: parameters.get('nonce') ?? '' }
  }
  /** Comes back from the issuer as `sub`, in its session `sid`. */
  const comeBack = ({ browser, parameters, nonce }: Awaited<ReturnType<typeof begin>>, claims: JWTPayload) => {
    issuer.nonce = nonce
    issuer.claims = claims
    return browser.ask(`${origin}/callback/office?code=c&state=${parameters.get('state')}`)
  }
  const logIn = async (claims: JWTPayload = { sub: 'ada', sid: 's1' }): Promise<FetchBrowser> => {
    const under = await begin()
    const response = await comeBack(under, claims)
    if (response.headers.get('location') !== '/me') throw new Error(`the login failed with ${response.status}`)
    return under.browser
  }
  const isIn = async (browser: FetchBrowser): Promise<boolean> => {
    return (await browser.ask(`${origin}/me`)).status === 200
  }

  /** A logout token: a right one, but for what is changed. What is `undefined` is left out. */
  const logoutToken = (changes: Changes = {}, header: JoseHeader = {}, by = key): Promise<string> => {
    const now = Math.floor(time.now)
    const claims = { iss: ISSUER, aud: 'orders', iat: now, exp: now + 120, jti: crypto.randomUUID() }
    const payload = { ...claims, events: { [EVENT]: {} }, sub: 'ada', sid: 's1', ...changes }
    return new SignJWT(JSON.parse(JSON.stringify(payload)))
      .setProtectedHeader(JSON.parse(JSON.stringify({ alg: by.alg, kid: by.kid, typ: 'logout+jwt', ...header })))
      .sign(by.key)
  }
  const deliver = (token: string): Promise<Response> =>
    handle(
      new Request(`${origin}/back-channel`, { method: 'POST', body: new URLSearchParams({ logout_token: token }) }),
    )

  /** Of the last failure, what the application hears. */
  const heard = (): unknown => {
    const failure = failures.at(-1)?.[1]
    if (failure?.kind === 'InvalidCredentials') return failure.reason
    return failure?.kind === 'Error' ? failure.code : undefined
  }
  /** Answers as a page of the service, or of another site, posts. */
  const post = (browser: FetchBrowser, path = '/logout', site = 'same-origin', method = 'POST') =>
    browser.ask(origin + path, { method, headers: { 'sec-fetch-site': site } })

  return {
    ...service,
    ...{ time, issuer, key, published, heard, newBrowser, begin, comeBack, logIn, isIn, logoutToken, deliver, post },
  }
}

/** The fetch of an issuer that publishes these keys. */
function publishing(issuer: ScriptedIssuer, published: readonly object[]): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await issuer.fetch(input, init)
    const { pathname } = new URL(new Request(input).url)
    return pathname === '/jwks' && response.ok ? Response.json({ keys: published }) : response
  }
}

/** Everything that the application hears of a failure. */
export function textOf(failure: unknown): string {
  if (failure instanceof Error)
    return `${failure.name} ${failure.stack} ${JSON.stringify(failure)} ${textOf(failure.cause)}`
  return isCause(failure) ? JSON.stringify(failure) : String(failure)
}
