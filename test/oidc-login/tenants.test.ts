import { describe, expect, it } from 'vitest'
import { fetchSource } from '../../src/adapters/fetch/fetch.ts'
import { authentication } from '../../src/core/authentication.ts'
import { oidc } from '../../src/providers/oidc/oidc.ts'
import { FetchBrowser } from './browser.ts'
import { ScriptedIssuer } from './scripted-issuer.ts'
import { keys } from './service.ts'

const origin = 'https://orders.example'

/** A service with an issuer for each tenant, by the subdomain of the tenant's own issuer. */
async function tenants(redirectUri: string, maxIssuers?: number) {
  const time = { now: 1_800_000_000 }
  const known = new Map<string, ScriptedIssuer>()
  const issuerOf = async (key: string): Promise<ScriptedIssuer> => {
    const issuer = known.get(key) ?? (await ScriptedIssuer.start(`https://${key}.id.example`, () => time.now))
    known.set(key, issuer)
    return issuer
  }
  const auth = authentication(
    {
      office: oidc({
        resolve: (request, tenant) => {
          const key = tenant ?? request.url?.searchParams.get('tenant') ?? ''
          if (!known.has(key)) return null
          return {
            key,
            issuer: `https://${key}.id.example`,
            clientId: 'orders',
            clientAuthentication: { method: 'client_secret_basic', secret: 'sesame' },
          }
        },
        redirectUri: origin + redirectUri,
        keys,
        ...(maxIssuers === undefined ? {} : { maxIssuers }),
      }),
    },
    {
      clock: () => time.now,
      fetch: async (input, init) => {
        const [key = ''] = new URL(new Request(input).url).hostname.split('.')
        return (await issuerOf(key)).fetch(input, init)
      },
    },
  )
  const browser = new FetchBrowser(async (input, init) => {
    const request = new Request(input, init)
    const outcome = await auth.decide(fetchSource(request), 'office')
    if (outcome.kind === 'authenticated') return Response.json([outcome.principal.tenant, outcome.principal.claims.iss])
    const { status, headers, body } = outcome.response
    const cause = outcome.failures[0]?.cause
    const said = cause?.kind === 'InvalidCredentials' ? cause.reason : cause?.kind === 'Error' ? cause.code : undefined
    const all: [string, string][] = [...headers, ['x-said', String(said)]].map(([name = '', value = '']) => [
      name,
      value,
    ])
    return new Response(body, { status, headers: all })
  })
  const begin = async (key: string): Promise<URLSearchParams> => {
    const response = await browser.ask(`${origin}/?tenant=${key}`)
    const parameters = new URL(response.headers.get('location') ?? '').searchParams
    const issuer = await issuerOf(key)
    issuer.nonce = parameters.get('nonce') ?? ''
    return parameters
  }
  const comeBack = async (path: string, state: string | null, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({ code: 'c', state: state ?? '', ...more })
    return browser.ask(`${origin}${path}?${query}`)
  }
  return { issuerOf, begin, comeBack, browser, known }
}

describe('oidc() with an issuer for each tenant', () => {
  it('sends each tenant to its own issuer, and back to a path of its own', async () => {
    const { issuerOf, begin, comeBack } = await tenants('/callback/{tenant}')
    await issuerOf('a')
    await issuerOf('b')
    const [one, two] = [await begin('a'), await begin('b')]
    expect(one.get('redirect_uri')).toBe(`${origin}/callback/a`)
    expect(await (await comeBack('/callback/b', two.get('state'))).json()).toEqual(['b', 'https://b.id.example'])
    expect(await (await comeBack('/callback/a', one.get('state'))).json()).toEqual(['a', 'https://a.id.example'])
  })

  it('refuses the answer of one issuer at the path of another (mix-up without RFC 9207)', async () => {
    const { issuerOf, begin, comeBack } = await tenants('/callback/{tenant}')
    const [honest, evil] = [await issuerOf('honest'), await issuerOf('evil')]
    const parameters = await begin('evil')
    const response = await comeBack('/callback/honest', parameters.get('state'))
    expect([response.status, response.headers.get('x-said')]).toEqual([401, 'wrong-issuer'])
    expect([honest.tokenRequests, evil.tokenRequests]).toEqual([[], []])
  })

  it('begins no login on a path that issuers share unless the issuer says who it is in its answers', async () => {
    const { issuerOf, browser } = await tenants('/callback')
    await issuerOf('a')
    const response = await browser.ask(`${origin}/?tenant=a`)
    expect([response.status, response.headers.get('location')]).toEqual([401, null])
  })

  it.each([
    ['another issuer', { iss: 'https://honest.id.example' }],
    ['nobody', {}],
  ])('refuses on a shared path an answer that says that it is of %s (mix-up with RFC 9207)', async (_name, more) => {
    const { issuerOf, begin, comeBack } = await tenants('/callback')
    const [honest, evil] = [await issuerOf('honest'), await issuerOf('evil')]
    for (const issuer of [honest, evil]) issuer.metadata = { authorization_response_iss_parameter_supported: true }
    const response = await comeBack('/callback', (await begin('evil')).get('state'), more)
    expect([response.status, response.headers.get('x-said')]).toEqual([401, 'wrong-issuer'])
    expect([honest.tokenRequests, evil.tokenRequests]).toEqual([[], []])
  })

  it('takes on a shared path the answer of the right issuer', async () => {
    const { issuerOf, begin, comeBack } = await tenants('/callback')
    const issuer = await issuerOf('a')
    issuer.metadata = { authorization_response_iss_parameter_supported: true }
    const response = await comeBack('/callback', (await begin('a')).get('state'), { iss: 'https://a.id.example' })
    expect(await response.json()).toEqual(['a', 'https://a.id.example'])
  })

  it('knows no tenant that is not one', async () => {
    const { browser } = await tenants('/callback/{tenant}')
    const login = await browser.ask(`${origin}/?tenant=nobody`)
    expect([login.status, login.headers.get('location')]).toEqual([401, null])
    const response = await browser.ask(`${origin}/callback/nobody?code=c&state=s`)
    expect([response.status, response.headers.get('x-said')]).toEqual([401, 'unknown'])
  })

  it('reads the metadata of each of a thousand issuers once, and keeps no more of them than it is told', async () => {
    const { issuerOf, begin, known } = await tenants('/callback/{tenant}', 100)
    const before = process.memoryUsage().heapUsed
    const [first] = [await issuerOf('t0')]
    for (let count = 1; count < 20; count++) await issuerOf(`t${count}`)
    // A thousand keys would be the work of the test, not of the service.
    for (let count = 20; count < 1000; count++) known.set(`t${count}`, alias(first, `https://t${count}.id.example`))
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 40; count++) await begin(`t${count}`)
    }
    const reads = (key: string) => known.get(key)?.asked.filter((one) => one.includes('openid-configuration')).length
    expect(Array.from({ length: 40 }, (_, count) => reads(`t${count}`))).toEqual(Array.from({ length: 40 }, () => 1))
    for (let count = 0; count < 1000; count++) await begin(`t${count}`)
    const all = Array.from({ length: 1000 }, (_, count) => reads(`t${count}`) ?? 0)
    expect(all.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(1100)
    const grown = (process.memoryUsage().heapUsed - before) / 1_048_576
    console.info(
      `1000 tenants: ${all.reduce((sum, one) => sum + one, 0)} reads of metadata, heap grew by ${grown.toFixed(1)} MB`,
    )
  }, 60_000)
})

/** The same issuer under another name. */
function alias(issuer: ScriptedIssuer, name: string): ScriptedIssuer {
  const other: ScriptedIssuer = Object.create(issuer)
  Object.defineProperties(other, {
    issuer: { value: name },
    asked: { value: [] },
    metadata: { value: {}, writable: true },
    nonce: { value: '', writable: true },
    fetch: {
      value: async (input: string | URL | Request) => {
        other.asked.push(new URL(new Request(input).url).pathname)
        return Response.json({
          issuer: name,
          authorization_endpoint: `${name}/authorize`,
          token_endpoint: `${name}/token`,
          jwks_uri: `${name}/jwks`,
          code_challenge_methods_supported: ['S256'],
        })
      },
    },
  })
  return other
}
