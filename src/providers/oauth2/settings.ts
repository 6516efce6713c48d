import { type ClientAuth, None } from 'openid-client'
import type { OneTimeStore } from '../../core/ports.ts'
import { clientAuthOf } from '../../keys/client-authentication.ts'
import { trustedUrl } from '../../keys/options.ts'
import { memoryOneTimeStore } from '../../stores/memory/one-time-store.ts'
import { Prover } from './dpop.ts'
import type { OAuth2ClientAuthentication, OAuth2ClientOptions, OAuth2Endpoints, OAuth2Settings } from './options.ts'

/** The options that hold for every tenant, checked. */
export interface Shared {
  /** Who errors name. */
  readonly owner: string
  readonly openid: boolean
  readonly redirect: RedirectPattern
  readonly store: OneTimeStore
  readonly timeoutSeconds: number
  readonly toleranceSeconds: number
  readonly maxIssuers: number
  readonly anywhere: boolean
  /** Signs the proofs of its requests, where tokens are bound. */
  readonly prover: Prover | undefined
}

/** Where callbacks come to. */
interface RedirectPattern {
  /** The origin; `undefined` when it is that of the request. */
  readonly origin: string | undefined
  /** The path, or what is before the tenant in it. */
  readonly before: string
  /** What is after the tenant; `undefined` when there is none in the path. */
  readonly after: string | undefined
}

/** The settings of one tenant, checked and with their defaults. */
export interface Settings extends OAuth2Settings {
  readonly clientAuth: ClientAuth
  readonly scopes: readonly string[]
  readonly responseMode: NonNullable<OAuth2Settings['responseMode']>
  /** What the server is called where it is compared. */
  readonly issuerName: string
}

const tenantGrammar = /^[\w.-]{1,64}$/
const scopeGrammar = /^[!#-[\]-~]+$/
const modes: ReadonlySet<unknown> = new Set(['query', 'form_post', 'query.jwt', 'form_post.jwt'])

/** What keeps the login safe is not set by hand. */
const reserved: ReadonlySet<string> = new Set([
  'client_id',
  'redirect_uri',
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
  'request',
  'request_uri',
])
const reservedForTokens: ReadonlySet<string> = new Set([
  'grant_type',
  'code',
  'redirect_uri',
  'client_id',
  'client_secret',
  'code_verifier',
  'client_assertion',
  'client_assertion_type',
  'refresh_token',
  'device_code',
])

/** Whether a text may be the key of a tenant. */
export function isTenant(key: unknown): key is string {
  return typeof key === 'string' && tenantGrammar.test(key) && key !== '.' && key !== '..'
}

/** @throws TypeError when an option cannot be used. */
export function sharedOf(options: OAuth2ClientOptions, openid: boolean, owner: string): Shared {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${owner}: wants an object of options`)
  const { settings, resolve, store = memoryOneTimeStore(), maxIssuers = 1000 } = options
  if ((settings === undefined) === (resolve === undefined)) {
    throw new TypeError(`${owner}: wants either "settings" or "resolve"`)
  }
  for (const name of [
    'resolve',
    'onAuthorizationRequest',
    'onTokenRequest',
    'onStateCreated',
    'fetch',
    'clock',
  ] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw new TypeError(`${owner}: "${name}" must be a function`)
    }
  }
  if (typeof store?.consume !== 'function') throw new TypeError(`${owner}: "store" must be a OneTimeStore`)
  if (!Number.isSafeInteger(maxIssuers) || maxIssuers < 2) {
    throw new TypeError(`${owner}: "maxIssuers" must be a whole number from 2`)
  }
  const anywhere = options.dangerouslyAllowHttp === true
  const redirect = redirectOf(options.redirectUri, anywhere, owner)
  if (redirect.after !== undefined && resolve === undefined) {
    throw new TypeError(`${owner}: "redirectUri" may have "{tenant}" only with "resolve"`)
  }
  return {
    owner,
    openid,
    redirect,
    store,
    timeoutSeconds: seconds(options.timeoutSeconds ?? 5, 0.1, 60, 'timeoutSeconds', owner),
    toleranceSeconds: seconds(options.clockToleranceSeconds ?? 5, 0, 600, 'clockToleranceSeconds', owner),
    maxIssuers,
    anywhere,
    prover: options.dpop === undefined ? undefined : new Prover(options.dpop, owner),
  }
}

/** @throws TypeError when a number is out of its range. */
export function seconds(value: number, least: number, most: number, name: string, owner: string): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new TypeError(`${owner}: "${name}" must be a number from ${least} to ${most}`)
}

function redirectOf(redirectUri: unknown, anywhere: boolean, owner: string): RedirectPattern {
  const wrong = (): TypeError =>
    new TypeError(
      `${owner}: "redirectUri" must be a path or an https URL in its canonical form, without query and fragment, with "{tenant}" at most once`,
    )
  if (typeof redirectUri !== 'string') throw wrong()
  const [before = '', after, ...more] = redirectUri.split('{tenant}')
  if (more.length > 0) throw wrong()
  const probe = redirectUri.replace('{tenant}', 'tenant')
  const isPath = probe.startsWith('/')
  const url = trustedUrl(isPath ? `https://path.invalid${probe}` : probe, anywhere)
  if (typeof url === 'string' || /[?#]/.test(probe)) throw wrong()
  const origin = isPath ? undefined : url.origin
  if (`${origin ?? ''}${url.pathname}` !== probe) throw wrong()
  return { origin, before: before.slice(origin?.length ?? 0), after }
}

/** @throws TypeError when a setting cannot be used. */
export function settingsOf(given: OAuth2Settings, { openid, owner, anywhere }: Shared): Settings {
  const wrong = (problem: string): TypeError => new TypeError(`${owner}: ${problem}`)
  if (typeof given !== 'object' || given === null) throw wrong('"settings" must be an object')
  const { key, issuer, endpoints, clientId, responseMode = 'query', scopes = openid ? ['openid'] : [] } = given
  if (key !== undefined && !isTenant(key)) {
    throw wrong('"settings.key" must be 1 to 64 letters, digits, ".", "_" or "-"')
  }
  if (typeof clientId !== 'string' || clientId === '') throw wrong('"settings.clientId" must be a non-empty string')
  if (!modes.has(responseMode))
    throw wrong('"settings.responseMode" must be query, form_post, query.jwt or form_post.jwt')
  checkWish({ scopes, resources: given.resources }, 'settings.', owner)
  if (openid && !scopes.includes('openid')) throw wrong('"settings.scopes" must have "openid"')
  checkParameters(given.authorizationParameters, 'settings.authorizationParameters', reserved, owner)
  checkParameters(given.tokenParameters, 'settings.tokenParameters', reservedForTokens, owner)
  if (given.normalize !== undefined && typeof given.normalize !== 'function') {
    throw wrong('"settings.normalize" must be a function')
  }
  if (given.decryption !== undefined && typeof given.decryption?.keys?.find !== 'function') {
    throw wrong('"settings.decryption.keys" must be a source of keys, such as staticKeys()')
  }
  const issuerName = issuer ?? endpoints?.authorization ?? endpoints?.token
  if (issuerName === undefined || (openid && issuer === undefined)) {
    throw wrong(openid ? '"settings.issuer" must be given' : '"settings" must have "issuer" or "endpoints"')
  }
  if (issuer !== undefined) checkIssuer(issuer, endpoints === undefined, anywhere, owner)
  if (endpoints !== undefined) checkEndpoints(endpoints, given, openid, anywhere, owner)
  return { ...given, clientAuth: authOf(given.clientAuthentication, owner), scopes, responseMode, issuerName }
}

function checkIssuer(issuer: unknown, isFetched: boolean, anywhere: boolean, owner: string): void {
  if (typeof issuer !== 'string' || issuer === '') throw new TypeError(`${owner}: "settings.issuer" must be a string`)
  if (!isFetched) return
  const url = trustedUrl(issuer, anywhere)
  if (typeof url === 'string') throw new TypeError(`${owner}: "settings.issuer" ${url}`)
  if (/[?#]/.test(issuer)) throw new TypeError(`${owner}: "settings.issuer" must have no query and no fragment`)
}

function checkEndpoints(
  endpoints: OAuth2Endpoints,
  { userInfo, keys }: OAuth2Settings,
  openid: boolean,
  anywhere: boolean,
  owner: string,
): void {
  if (typeof endpoints !== 'object' || endpoints === null) {
    throw new TypeError(`${owner}: "settings.endpoints" must be an object`)
  }
  if (endpoints.token === undefined) throw new TypeError(`${owner}: "settings.endpoints.token" must be given`)
  for (const [name, value] of Object.entries(endpoints)) {
    const url = value === undefined ? undefined : trustedUrl(value, anywhere)
    if (typeof url === 'string') throw new TypeError(`${owner}: "settings.endpoints.${name}" ${url}`)
  }
  if (userInfo === true && endpoints.userInfo === undefined) {
    throw new TypeError(`${owner}: "settings.userInfo" needs "settings.endpoints.userInfo"`)
  }
  if (openid && endpoints.jwks === undefined && keys === undefined) {
    throw new TypeError(`${owner}: "settings.endpoints" needs "jwks", or "settings" needs "keys"`)
  }
}

/** What is asked of a token endpoint, beside what the grant itself has. */
export interface TokenWish {
  readonly scopes?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  readonly parameters?: Readonly<Record<string, string | readonly string[]>> | undefined
}

/** @throws TypeError, in the name of `owner` and with `prefix` before the option's, when it cannot be asked for. */
export function checkWish({ scopes, resources, parameters }: TokenWish, prefix: string, owner: string): void {
  const isList = scopes === undefined || Array.isArray(scopes)
  if (!isList || !(scopes ?? []).every((one) => typeof one === 'string' && scopeGrammar.test(one))) {
    throw new TypeError(`${owner}: "${prefix}scopes" must be a list of scopes`)
  }
  const isNamed = resources === undefined || Array.isArray(resources)
  if (!isNamed || !(resources ?? []).every((one) => URL.canParse(one) && !one.includes('#'))) {
    throw new TypeError(`${owner}: "${prefix}resources" must be absolute URIs`)
  }
  checkParameters(parameters, `${prefix}parameters`, reservedForTokens, owner)
}

function checkParameters(given: unknown, name: string, taken: ReadonlySet<string>, owner: string): void {
  if (given === undefined) return
  const entries = typeof given === 'object' && given !== null ? Object.entries(given) : undefined
  if (entries === undefined || !entries.every(([, value]) => [value].flat().every((one) => typeof one === 'string'))) {
    throw new TypeError(`${owner}: "${name}" must be an object of strings and lists of strings`)
  }
  const own = entries.find(([parameter]) => taken.has(parameter))
  if (own !== undefined) throw new TypeError(`${owner}: "${name}" must not have "${own[0]}"`)
}

function authOf(given: OAuth2ClientAuthentication, owner: string): ClientAuth {
  if (given?.method === 'none') return None()
  if (given?.method !== 'custom') return clientAuthOf(given, owner)
  const { apply } = given
  if (typeof apply !== 'function') {
    throw new TypeError(`${owner}: "clientAuthentication.apply" must be a function`)
  }
  // openid-client waits for what it answers.
  return (_server, _client, body, headers) => apply({ body, headers })
}

/** Parameters as they are sent. */
export function searchParams(
  given: Readonly<Record<string, string | readonly string[]>> = {},
  resources: readonly string[] = [],
): URLSearchParams {
  const parameters = new URLSearchParams(
    Object.entries(given).flatMap(([name, value]) => [value].flat().map((one) => [name, one])),
  )
  for (const resource of resources) parameters.append('resource', resource)
  return parameters
}
