import { z } from 'zod'
import type { HeaderField } from '../../src/core/request.ts'
import type { SessionStore } from '../../src/core/session-store.ts'
import type { OAuth2Client } from '../../src/providers/oauth2/client.ts'
import type { OAuth2ClientOptions } from '../../src/providers/oauth2/options.ts'
import { KeptSessionTokens } from '../../src/providers/oauth2/session-tokens/session-tokens.ts'
import type { SessionTokensOptions } from '../../src/providers/oauth2/session-tokens/session-tokens-options.ts'
import type { OAuth2Tokens, OidcCredential } from '../../src/providers/oauth2/tokens.ts'
import { oidcClient } from '../../src/providers/oidc/oidc.ts'
import { sessions } from '../../src/providers/session/session.ts'
import type { SessionRequest } from '../../src/sessions/types.ts'
import { memoryOneTimeStore, memorySessionStore } from '../../src/stores/memory/index.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'

const ISSUER = 'https://id.example'
export const START = 1_800_000_000
const schema = z.object({ name: z.string() })

/** What a process of a test has of its own. */
export interface ProcessOptions {
  readonly client?: Partial<OAuth2ClientOptions>
  readonly tokens?: Partial<SessionTokensOptions>
  /** Stands between the process and the store. */
  readonly store?: (store: SessionStore) => SessionStore
}

/** A server that rotates refresh tokens, sessions, and processes that share them. No time passes but what the test lets. */
export async function tokensKit() {
  const time = { now: START, waited: 0 }
  const clock = () => time.now
  const issuer = await ScriptedIssuer.start(ISSUER, clock)
  issuer.nonce = 'n'
  issuer.metadata = { revocation_endpoint: `${ISSUER}/revoke` }
  const shared = { sessions: memorySessionStore(), once: memoryOneTimeStore() }
  const server = { good: 'rt0', turn: 0, expiresIn: 300, revoked: [] as string[], revocationStatus: 200 }
  const faults: Error[] = []

  /** Exchanges the one refresh token that is good for the next. */
  const exchange = async (form: URLSearchParams): Promise<Response> => {
    if (form.get('refresh_token') !== server.good) return Response.json({ error: 'invalid_grant' }, { status: 400 })
    server.turn += 1
    server.good = `rt${server.turn}`
    return Response.json({
      ...(await issuer.tokens()),
      access_token: `at${server.turn}`,
      refresh_token: server.good,
      expires_in: server.expiresIn,
    })
  }
  issuer.token = exchange

  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    if (request.url !== `${ISSUER}/revoke`) return issuer.fetch(input, init)
    if (issuer.down) throw new TypeError('fetch failed')
    server.revoked.push(new URLSearchParams(await request.text()).get('token') ?? '')
    return new Response(null, { status: server.revocationStatus })
  }

  /** Waiting takes no time, but the clock goes on. */
  const pause = async (milliseconds: number): Promise<void> => {
    time.waited += milliseconds
    time.now += milliseconds / 1000
    await new Promise((resolve) => setImmediate(resolve))
  }

  const newProcess = (options: ProcessOptions = {}) => {
    const client: OAuth2Client = oidcClient({
      settings: {
        issuer: ISSUER,
        clientId: 'orders',
        clientAuthentication: { method: 'client_secret_basic', secret: 'open & sesame' },
      },
      redirectUri: 'https://orders.example/callback/office',
      keys: [{ id: 'a', key: 'a key of a test with more than 32 octets' }],
      store: shared.once,
      clock,
      fetch,
      ...oneIssuer(options.client),
    })
    const store = options.store?.(shared.sessions) ?? shared.sessions
    const stored = sessions({ store, schema, clock })
    const onFault = (fault: Error) => faults.push(fault)
    const tokens = new KeptSessionTokens({ client, sessions: stored, onFault, ...options.tokens }, pause)

    /** Logs in as somebody who came back with these tokens, and answers what the browser sends from then on. */
    const login = async (given: Partial<OAuth2Tokens> = {}, subject = 'account-1'): Promise<string> => {
      const kept = await tokens.seal(requestWith(''), await loginOf(given), subject)
      const options = { subject, ...(kept === undefined ? {} : { kept }) }
      const { headers } = await stored.login(requestWith(''), { name: 'Ada' }, options)
      return cookieIn(headers)
    }
    const loginOf = async (given: Partial<OAuth2Tokens>): Promise<OidcCredential> => ({
      issuer: ISSUER,
      tenant: undefined,
      tokens: {
        accessToken: 'at0',
        tokenType: 'bearer',
        expiresAt: START + 300,
        refreshToken: 'rt0',
        idToken: await issuer.idToken(),
        extra: {},
        ...given,
      },
      claims: { iss: ISSUER, sub: 'ada', aud: 'orders', exp: START + 60, iat: START, nonce: 'n' },
      userInfo: undefined,
      returnTo: '/',
      parameters: {},
    })
    return {
      tokens,
      stored,
      login,
      token: async (cookie: string) => (await tokens.accessToken(requestWith(cookie)))?.accessToken,
      lives: async (cookie: string) => (await stored.current(requestWith(cookie))) !== undefined,
    }
  }

  const refreshes = () => issuer.tokenRequests.map(({ form }) => form.get('refresh_token'))
  return { time, issuer, server, shared, faults, exchange, newProcess, refreshes }
}

/** A browser's request as sessions see it. */
export function requestWith(
  cookie: string,
  more: Partial<SessionRequest> = {},
): SessionRequest & { readonly answered: HeaderField[] } {
  const answered: HeaderField[] = []
  return {
    native: {},
    signal: new AbortController().signal,
    header: (name) => (name === 'cookie' && cookie !== '' ? cookie : undefined),
    respond: (fields) => answered.push(...fields),
    answered,
    ...more,
  }
}

export function cookieIn(headers: readonly HeaderField[]): string {
  const field = headers.find(([name, value]) => name.toLowerCase() === 'set-cookie' && value.includes('s1.'))
  return field?.[1].split(';')[0] ?? ''
}

/** A promise and what settles it. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** Options that do not change of what kind the client is. */
function oneIssuer(client: Partial<OAuth2ClientOptions> = {}) {
  const { settings, resolve: _resolve, ...others } = client
  return settings === undefined ? others : { ...others, settings }
}
