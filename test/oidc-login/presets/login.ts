import { authentication } from '../../../src/core/authentication.ts'
import type { AuthenticationProvider, Principal } from '../../../src/core/provider.ts'
import type { OAuth2Settings } from '../../../src/providers/oauth2/options.ts'
import { testRequest } from '../../../src/testing/request.ts'
import { DocumentedServer, type Documents } from './documented-server.ts'

export const NOW = 1_800_000_000

/** What every client of these tests is told beside its preset. */
export interface SharedOptions {
  readonly redirectUri: string
  readonly keys: readonly [{ readonly id: string; readonly key: string }]
  readonly onFailure: (failure: unknown) => null
}

/** A service with one provider, and the documented server that it logs people in by. */
export function setUp<P extends Principal>(
  settings: OAuth2Settings,
  documents: Documents,
  make: (shared: SharedOptions) => AuthenticationProvider<P>,
) {
  const server = new DocumentedServer(documents, settings, NOW)
  const failures: unknown[] = []
  const onFailure = (failure: unknown): null => {
    failures.push(failure)
    return null
  }
  const keys = [{ id: 'a', key: 'a key of a test with more than 32 octets' }] as const
  const auth = authentication(
    { who: make({ redirectUri: 'https://shop.example/callback', keys, onFailure }) },
    { baseUrl: 'https://shop.example', clock: () => NOW, fetch: server.fetch },
  )

  const { issuer, authorization_response_iss_parameter_supported: sendsIssuer } = documents.discovery ?? {}
  const iss = sendsIssuer === true ? { iss: String(issuer) } : {}

  /** Begins a login, and comes back from the server as its response mode says. */
  const logIn = async (answer: Record<string, string> = { code: 'c' }) => {
    const first = await auth.decide(testRequest({ target: '/me', headers: { accept: 'text/html' } }), 'who')
    const fields = 'response' in first ? first.response.headers : []
    const location = new URL(fields.find(([name]) => name === 'Location')?.[1] ?? 'about:blank')
    const cookie = fields.find(([name]) => name === 'Set-Cookie')?.[1].split(';')[0] ?? ''
    const parameters = location.searchParams
    server.nonce = parameters.get('nonce') ?? undefined
    const form = new URLSearchParams({ state: parameters.get('state') ?? '', ...iss, ...answer }).toString()
    const back =
      settings.responseMode === 'form_post'
        ? {
            method: 'POST',
            target: '/callback',
            headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
            body: form,
          }
        : { target: `/callback?${form}`, headers: { cookie } }
    const outcome = await auth.decide(testRequest(back), 'who')
    const status = 'response' in outcome ? outcome.response.status : 200
    return { location, parameters, principal: outcome.principal, status }
  }
  const tokenRequest = () => server.asked.find(({ url }) => url === server.tokenEndpoint)
  return { server, logIn, failures, tokenRequest }
}
