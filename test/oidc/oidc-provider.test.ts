import {
  allowInsecureRequests,
  ClientSecretBasic,
  type Configuration,
  clientCredentialsGrant,
  customFetch,
  discovery,
  fetchProtectedResource,
  getDPoPHandle,
  randomDPoPKeyPair,
  tokenRevocation,
} from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authentication } from '../../src/core/authentication.ts'
import type { HeaderField } from '../../src/core/request.ts'
import { discoveredKeys } from '../../src/keys/index.ts'
import { dpop } from '../../src/proofs/dpop/dpop.ts'
import { introspection } from '../../src/providers/introspection/introspection.ts'
import { jwt } from '../../src/providers/jwt/jwt.ts'
import { testRequest } from '../../src/testing/request.ts'
import { JWT, OPAQUE, type RunningIssuer, SECRET, startIssuer } from './issuer.ts'

let running: RunningIssuer
let shop: Configuration
let ahead = 0

beforeAll(async () => {
  running = await startIssuer()
  shop = await asShop()
})

afterAll(() => running.stop())

function asShop(): Promise<Configuration> {
  return discovery(new URL(running.issuer), 'shop', undefined, ClientSecretBasic(SECRET), {
    execute: [allowInsecureRequests],
  })
}

function service() {
  const { issuer } = running
  const asking = {
    issuer,
    audience: OPAQUE,
    proofs: [dpop()],
    cache: { activeSeconds: 30, inactiveSeconds: 10 },
    clientAuthentication: { method: 'client_secret_basic', secret: SECRET },
  } as const
  return authentication(
    {
      plain: introspection({ ...asking, clientId: 'plain' }),
      signed: introspection({ ...asking, proofs: [dpop()], clientId: 'signed', signedAnswers: 'ES256' }),
      jwt: jwt({ issuer, audience: JWT, keys: discoveredKeys(issuer), proofs: [dpop()] }),
    },
    { clock: () => Date.now() / 1000 + ahead, baseUrl: 'https://orders.example' },
  )
}

async function tokenFor(resource: string, options?: Parameters<typeof clientCredentialsGrant>[2]): Promise<string> {
  const { access_token: token } = await clientCredentialsGrant(shop, { resource, scope: 'orders:read' }, options)
  return token
}

/** `authenticated`, or the status and the reason. */
async function send(
  auth: ReturnType<typeof service>,
  name: 'plain' | 'signed' | 'jwt',
  headers: readonly HeaderField[],
): Promise<readonly unknown[]> {
  const outcome = await auth.decide(
    testRequest({ target: '/orders', headers }),
    auth.requireScopes(name, ['orders:read']),
  )
  if (outcome.kind === 'authenticated') return ['authenticated']
  const cause = outcome.failures[0]?.cause
  const said = cause?.kind === 'Error' ? cause.code : cause?.kind === 'InvalidCredentials' ? cause.reason : cause?.kind
  return [outcome.response.status, said]
}

const bearing = (token: string): readonly HeaderField[] => [['Authorization', `Bearer ${token}`]]

describe.each(['plain', 'signed'] as const)('introspection() at oidc-provider, answers %s', (name) => {
  it('takes opaque tokens, and refuses them as revoked within the bound of its memory', async () => {
    const auth = service()
    const token = await tokenFor(OPAQUE)
    expect(await send(auth, name, bearing(token))).toEqual(['authenticated'])
    await tokenRevocation(shop, token)
    expect(await send(auth, name, bearing(token))).toEqual(['authenticated'])
    ahead += 31
    expect(await send(auth, name, bearing(token))).toEqual([401, 'revoked'])
    ahead = 0
  })

  it('refuses a token that nobody made, a JWT, and one for another service', async () => {
    const auth = service()
    expect(await send(auth, name, bearing('nobody-made-this'))).toEqual([401, 'unknown'])
    expect(await send(auth, name, bearing(await tokenFor(JWT)))).toEqual([401, 'unknown'])
    expect(await send(auth, name, bearing(await tokenFor('https://billing.example/')))).toEqual([401, 'wrong-audience'])
  })
})

it('jwt() takes the JWTs of oidc-provider by discovery, and no opaque token', async () => {
  const auth = service()
  expect(await send(auth, 'jwt', bearing(await tokenFor(JWT)))).toEqual(['authenticated'])
  expect(await send(auth, 'jwt', bearing(await tokenFor(OPAQUE)))).toEqual([401, 'malformed-credential'])
})

it.each([
  ['plain', OPAQUE],
  ['signed', OPAQUE],
  ['jwt', JWT],
] as const)('%s takes tokens bound by DPoP that openid-client got, with its proof only', async (name, resource) => {
  const auth = service()
  const handle = getDPoPHandle(shop, await randomDPoPKeyPair('ES256'))
  const token = await tokenFor(resource, { DPoP: handle })
  let sent: readonly HeaderField[] = []
  const url = new URL('https://orders.example/orders')
  const caller = await asShop()
  caller[customFetch] = async (_url, { headers }) => {
    sent = Object.entries(headers)
    return Response.json({})
  }
  await fetchProtectedResource(caller, token, url, 'GET', undefined, undefined, { DPoP: handle })
  expect(await send(auth, name, sent)).toEqual(['authenticated'])
  expect(await send(auth, name, sent)).toEqual([401, 'replayed'])
  expect((await send(auth, name, bearing(token)))[0]).toBe(401)
})
