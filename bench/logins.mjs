import { generateKeyPairSync, sign } from 'node:crypto'
import { authentication } from 'becauth'
import { authenticate } from 'becauth/fetch'
import { memorySessionStore } from 'becauth/memory'
import { loginRoutes, oidc } from 'becauth/oidc'
import { sessions } from 'becauth/session'
import * as client from 'openid-client'
import { z } from 'zod'
import { medianOf } from './digest.mjs'

const issuer = 'https://id.example'
const origin = 'https://shop.example'
const secret = 'a secret of the bench'
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' }
const metadata = JSON.stringify({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
  id_token_signing_alg_values_supported: ['ES256'],
  authorization_response_iss_parameter_supported: true,
})

/** The nonce of the login whose code is exchanged now: one login at a time, each of somebody else. */
let nonce = ''
let people = 0

function idToken() {
  const now = Math.floor(Date.now() / 1000)
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: issuer, sub: `person ${people++}`, aud: 'shop', iat: now, exp: now + 300, nonce }
  const signed = `${part({ alg: 'ES256', kid: 'bench' })}.${part(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** An identity provider without a network: both sides pay for its signature. */
async function fromIssuer(url) {
  const { pathname } = new URL(String(url))
  const headers = { 'content-type': 'application/json' }
  if (pathname === '/token') {
    const answer = { access_token: 'at', token_type: 'Bearer', expires_in: 300, id_token: idToken() }
    return new Response(JSON.stringify(answer), { headers })
  }
  return new Response(pathname === '/jwks' ? JSON.stringify({ keys: [jwk] }) : metadata, { headers })
}

/** Redirect, answer, tokens, a session that is stored: as a service has it. */
function becauth() {
  const stored = sessions({ store: memorySessionStore({ limit: 1_000_000 }), schema: z.object({ name: z.string() }) })
  const auth = authentication(
    {
      office: oidc({
        settings: { issuer, clientId: 'shop', clientAuthentication: { method: 'client_secret_basic', secret } },
        redirectUri: `${origin}/callback`,
        keys: [{ id: 'bench', key: 'a key of the bench with more than 32 octets' }],
      }),
    },
    { baseUrl: origin, fetch: fromIssuer },
  )
  const routes = loginRoutes(auth.require('office'), {
    sessions: stored,
    session: ({ principal }) => ({ subject: principal.claims.sub, data: { name: principal.claims.sub } }),
  })
  const [login, callback] = [authenticate(routes.login), authenticate(routes.callback)]
  return async () => {
    const begun = await login(new Request(`${origin}/login`))
    const query = new URL(begun.headers.get('location')).searchParams
    nonce = query.get('nonce')
    const answer = new URLSearchParams({ code: 'c', state: query.get('state'), iss: issuer })
    const cookie = begun.headers.getSetCookie()[0].split(';', 1)[0]
    const finished = await callback(new Request(`${origin}/callback?${answer}`, { headers: { cookie } }))
    if (finished.status !== 303) throw new Error(`becauth answered ${finished.status}`)
  }
}

/** The same steps by hand, with what is under way in a variable: no cookie, no seal, no session. */
async function bare() {
  const authentication = client.ClientSecretBasic(secret)
  const execute = [client.enableNonRepudiationChecks]
  const options = { execute, [client.customFetch]: fromIssuer }
  const configuration = await client.discovery(new URL(issuer), 'shop', undefined, authentication, options)
  configuration[client.customFetch] = fromIssuer
  return async () => {
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    nonce = client.randomNonce()
    client.buildAuthorizationUrl(configuration, {
      redirect_uri: `${origin}/callback`,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    })
    const answer = new URLSearchParams({ code: 'c', state, iss: issuer })
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
    await client.authorizationCodeGrant(configuration, new URL(`${origin}/callback?${answer}`), checks)
  }
}

/** Microseconds of processor time for one login, in turn, and the median of how many times the bare one it is. */
export async function measureLogins({ rounds, logins }) {
  const subjects = [
    { name: 'becauth', login: becauth() },
    { name: 'bare openid-client', login: await bare() },
  ]
  for (const { login } of subjects) for (let warm = 0; warm < 200; warm++) await login()
  const slices = subjects.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, { login }] of subjects.entries()) {
      const before = process.cpuUsage()
      for (let count = 0; count < logins; count++) await login()
      const { user, system } = process.cpuUsage(before)
      slices[index].push((user + system) / logins)
    }
  }
  return subjects.map(({ name }, index) => ({
    name,
    microseconds: medianOf(slices[index]),
    ratio: medianOf(slices[index].map((one, round) => one / slices[1][round])),
  }))
}
