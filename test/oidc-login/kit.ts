import { isCause } from '../../src/core/cause.ts'
import type { OAuth2ClientOptions, OAuth2Settings } from '../../src/providers/oauth2/options.ts'
import { FetchBrowser } from './browser.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'
import { loginService, withService } from './service.ts'

export const origin = 'https://orders.example'
export const ISSUER = 'https://id.example'

/** A login under way: the browser that began it, and what it was sent to the authorization server with. */
export interface UnderWay {
  readonly browser: FetchBrowser
  readonly parameters: URLSearchParams
}

/** What a test of a login is told. */
export interface KitOptions {
  /** Default: `https://id.example`. */
  readonly issuer?: string
  readonly settings?: Partial<OAuth2Settings>
  readonly client?: Partial<OAuth2ClientOptions>
}

/** A service and a scripted issuer, whose clock the test moves. */
export async function kit(options: KitOptions = {}) {
  const time = { now: 1_800_000_000 }
  const clock = () => time.now
  const issuer = await ScriptedIssuer.start(options.issuer ?? ISSUER, clock)
  const service = loginService({
    origin,
    clock,
    fetch: issuer.fetch,
    ...options,
    issuer: issuer.issuer,
    settings: {
      clientId: 'orders',
      clientAuthentication: { method: 'client_secret_basic', secret: 'open & sesame' },
      ...options.settings,
    },
  })
  const fetch = withService(origin, service.handle)
  const newBrowser = () => new FetchBrowser(fetch)

  /** Begins a login in a browser, and stands for the authorization server where it asks nothing. */
  const begin = async (place = '/me', browser = newBrowser()): Promise<UnderWay> => {
    const { url } = await browser.go(origin + place, { until: (next) => next.startsWith(issuer.issuer) })
    const parameters = new URL(url).searchParams
    issuer.nonce = parameters.get('nonce') ?? ''
    return { browser, parameters }
  }

  /** Sends a browser back with an answer, and follows nothing. */
  const comeBack = (
    { browser, parameters }: UnderWay,
    answer: Record<string, string> = { code: 'c' },
    path = '/callback/office',
  ): Promise<Response> => {
    const query = new URLSearchParams({ state: parameters.get('state') ?? '', ...answer })
    return browser.ask(`${origin}${path}?${query}`)
  }

  /** The status, and of the last failure what it says. */
  const said = (response: Response): readonly unknown[] => {
    const failure = service.failures.at(-1)
    if (!isCause(failure) || failure.kind === 'NoCredentials') return [response.status]
    return [response.status, failure.kind === 'Error' ? failure.code : failure.reason]
  }

  return { time, issuer, service, begin, comeBack, newBrowser, said }
}

/** The cookies of logins under way in a browser. */
export function transactionsIn(browser: FetchBrowser): readonly string[] {
  return [...browser.jar(origin).keys()].filter((name) => name.startsWith('__Host-becauth-tx-'))
}
