import { generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { kit, origin } from './kit.ts'

describe('UserInfo', () => {
  it('must be about the person of the id_token', async () => {
    const { begin, comeBack, said, issuer } = await kit({ settings: { userInfo: true } })
    expect((await comeBack(await begin())).status).toBe(303)
    issuer.userInfo = () => Response.json({ sub: 'mallory' })
    expect(said(await comeBack(await begin()))[0]).toBe(401)
  })

  it('that is signed is verified', async () => {
    const { begin, comeBack, said, issuer } = await kit({ settings: { userInfo: true, signedUserInfo: 'ES256' } })
    issuer.metadata = { userinfo_signing_alg_values_supported: ['ES256'] }
    issuer.userInfo = () => issuer.signedUserInfo({ sub: 'ada' })
    expect((await comeBack(await begin())).status).toBe(303)
    issuer.userInfo = async () => {
      issuer.signer = { key: (await generateKeyPair('ES256')).privateKey, alg: 'ES256', kid: 'es' }
      return issuer.signedUserInfo({ sub: 'ada' })
    }
    expect(said(await comeBack(await begin()))).toEqual([401, 'bad-signature'])
  })
})

describe('an issuer for many tenants, as Entra ID has it', () => {
  const issuer = 'https://login.microsoftonline.com/common/v2.0'
  const metadata = { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }
  const of = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`

  it('is the one of the tenant that the id_token names', async () => {
    const { begin, comeBack, said, issuer: entra } = await kit({ issuer })
    entra.metadata = metadata
    entra.claims = { iss: of('t1'), tid: 't1' }
    expect((await comeBack(await begin())).status).toBe(303)
    entra.claims = { iss: of('t2'), tid: 't1' }
    expect(said(await comeBack(await begin()))).toEqual([401, 'wrong-issuer'])
  })

  it('is nobody else', async () => {
    const { newBrowser, issuer: other } = await kit()
    other.metadata = { issuer: 'https://id.example/{tenantid}' }
    expect((await newBrowser().ask(`${origin}/login`)).status).toBe(401)
  })
})

describe('a client that shows a certificate', () => {
  it('gets its tokens where the metadata say for it', async () => {
    const { begin, comeBack, issuer } = await kit({ settings: { clientAuthentication: { method: 'tls_client_auth' } } })
    issuer.metadata = { mtls_endpoint_aliases: { token_endpoint: 'https://id.example/token?mtls' } }
    expect((await comeBack(await begin())).status).toBe(303)
    expect(issuer.tokenRequests.map(({ url, form }) => [url, form.get('client_id')])).toEqual([
      ['https://id.example/token?mtls', 'orders'],
    ])
  })
})

describe('secrets', () => {
  it('are in no failure that the application or its log is told', async () => {
    const secrets = ['open & sesame', 'open+%26+sesame', 'stolen-code', 'canary-token', 'canary-refresh']
    const { begin, comeBack, issuer, service } = await kit({ settings: { userInfo: true } })
    const verifiers: string[] = []
    const answers = [
      () => Response.json({ error: 'invalid_grant', error_description: 'canary-token' }, { status: 400 }),
      () => new Response('canary-token', { status: 500 }),
      () => Response.json({ access_token: 'canary-token', refresh_token: 'canary-refresh', token_type: 'bearer' }),
      async () => Response.json({ ...(await issuer.tokens()), access_token: 'canary-token' }),
    ]
    issuer.claims = { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }
    for (const answer of answers) {
      issuer.token = answer
      await comeBack(await begin(), { code: 'stolen-code' })
      verifiers.push(issuer.tokenRequests.at(-1)?.form.get('code_verifier') ?? '')
    }
    const said = service.failures.map((failure) => {
      const { message, code, detail, reason } = Object(failure)
      return `${String(failure)} ${message} ${code} ${detail} ${reason}`
    })
    expect(said.length).toBeGreaterThan(1)
    for (const secret of [...secrets, ...verifiers]) expect(said.join('\n')).not.toContain(secret)
  })
})
