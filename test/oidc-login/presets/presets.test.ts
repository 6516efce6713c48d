import { readdirSync } from 'node:fs'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { InvalidCredentials, isCause } from '../../../src/core/cause.ts'
import { OAuth2InvalidGrantError, OAuth2TokenError } from '../../../src/providers/oauth2/errors.ts'
import { oauth2 } from '../../../src/providers/oauth2/oauth2.ts'
import { github, githubEmails, microsoft } from '../../../src/providers/oauth2/presets/presets.ts'
import { oidc } from '../../../src/providers/oidc/oidc.ts'
import type { JsonObject } from '../../../src/wire/json.ts'
import { documentsOf } from './documented-server.ts'
import { NOW, setUp } from './login.ts'
import { type Row, rows } from './rows.ts'

function without(object: JsonObject | undefined, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object ?? {}).filter(([one]) => one !== name))
}

function start({ settings, documents, make }: Pick<Row, 'settings' | 'documents' | 'make'>) {
  return setUp(settings, documents, make)
}

describe('presets', () => {
  it('have one row for each server whose documents are there', () => {
    const names = readdirSync(new URL('./documents/', import.meta.url)).map((file) => file.replace(/\.json$/, ''))
    expect(rows.map(({ name }) => name).sort()).toEqual(names.sort())
  })
})

describe.each(rows.map((row) => [row.name, row] as const))('the preset of %s', (_name, row) => {
  const { settings, documents, identity } = row
  const isOidc = settings.issuer !== undefined

  it('sends the browser where the server documents, with PKCE', async () => {
    const { location, parameters } = await start(row).logIn()
    expect(location.origin + location.pathname).toBe(row.authorization)
    expect(Object.fromEntries(parameters)).toMatchObject({
      client_id: 'client',
      redirect_uri: 'https://shop.example/callback',
      response_type: 'code',
      code_challenge_method: 'S256',
      ...row.parameters,
    })
    expect(parameters.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    expect(parameters.has('nonce')).toBe(isOidc)
  })

  it('proves the client as the server documents', async () => {
    const { logIn, tokenRequest } = start(row)
    await logIn()
    const { form, headers } = tokenRequest() ?? { form: new URLSearchParams(), headers: new Headers() }
    const { grant_type, code, redirect_uri, client_id, client_secret, code_verifier } = Object.fromEntries(form)
    expect({ grant_type, code, redirect_uri }).toEqual({
      grant_type: 'authorization_code',
      code: 'c',
      redirect_uri: 'https://shop.example/callback',
    })
    expect(headers.get('accept')).toBe('application/json')
    expect(code_verifier === undefined).toBe(row.client === 'form without verifier')
    if (row.client === 'basic') {
      expect([headers.get('authorization'), client_secret]).toEqual([`Basic ${btoa('client:open-se_same')}`, undefined])
    } else {
      expect([headers.get('authorization'), client_id]).toEqual([null, 'client'])
      if (row.client !== 'jwt') expect(client_secret).toBe('open-se_same')
    }
  })

  it('tells who logged in', async () => {
    const { logIn, failures } = start(row)
    const { principal } = await logIn()
    expect(failures).toEqual([])
    expect(principal).toEqual(row.person)
  })

  it('knows nobody by what does not identify them', async () => {
    const claims = documents.claims && without(documents.claims, identity)
    const userInfo = documents.userInfo && without(documents.userInfo, identity)
    const nameless = { ...documents, ...(claims && { claims }), ...(userInfo && { userInfo }) }
    const { logIn, failures } = start({ ...row, documents: nameless })
    expect((await logIn()).principal).toBeUndefined()
    const [failure] = failures
    expect(failure).toBeInstanceOf(InvalidCredentials)
    expect(failure).toMatchObject({ reason: 'missing-claim' })
  })

  if (settings.userInfo === true) {
    it('asks for UserInfo with the access token', async () => {
      const { logIn, server } = start(row)
      await logIn()
      expect(server.asked.at(-1)?.headers.get('authorization')).toBe('Bearer access-1')
    })
  }

  it('takes the documented error for what it is', async () => {
    const { logIn, server, failures } = start(row)
    server.isCodeWrong = true
    expect((await logIn()).principal).toBeUndefined()
    const [failure] = failures
    expect(failure).toBeInstanceOf(row.error === 'invalid_grant' ? OAuth2InvalidGrantError : OAuth2TokenError)
    expect(failure).toMatchObject({ error: row.error, retryable: false })
  })
})

describe('the preset of apple', () => {
  const row = rows.find(({ name }) => name === 'apple')
  if (row === undefined) throw new Error('there is no row')

  it('makes the client secret by itself', async () => {
    const { logIn, tokenRequest } = start(row)
    await logIn()
    const secret = tokenRequest()?.form.get('client_secret') ?? ''
    expect(decodeProtectedHeader(secret)).toEqual({ alg: 'ES256', kid: 'ABC123DEFG' })
    expect(decodeJwt(secret)).toEqual({
      iss: 'DEF123GHIJ',
      iat: NOW - 60,
      exp: NOW + 3600,
      aud: 'https://appleid.apple.com',
      sub: 'client',
    })
  })

  it('takes the name from the form of the first login', async () => {
    const { logIn } = start(row)
    const user = JSON.stringify({ name: { firstName: 'Ada', lastName: 'Lovelace' }, email: 'eve@example.com' })
    const { principal } = await logIn({ code: 'c', user })
    expect(principal).toEqual({ ...row.person, name: 'Ada Lovelace' })
  })

  it('refuses an answer in the query', async () => {
    const { logIn, failures } = setUp({ ...row.settings, responseMode: 'query' }, row.documents, row.make)
    await logIn()
    expect(failures).toMatchObject([{ reason: 'malformed-request' }])
  })
})

describe('the preset of microsoft', () => {
  const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47'
  const documents = documentsOf('microsoft')
  const issuer = `https://login.microsoftonline.com/${tenant}/v2.0`
  const preset = microsoft({ clientId: 'client', secret: 'sesame', tenant })
  const discovery = { ...documents.discovery, issuer }

  it('logs in the accounts of one tenant', async () => {
    const { logIn } = setUp(preset.settings, { ...documents, discovery }, (shared) => oidc({ ...preset, ...shared }))
    expect((await logIn()).principal).toMatchObject({ issuer, tenant })
  })

  it('refuses an account of another tenant', async () => {
    const other = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
    const claims = { ...documents.claims, tid: other, iss: `https://login.microsoftonline.com/${other}/v2.0` }
    const { logIn, failures } = setUp(preset.settings, { ...documents, discovery, claims }, (shared) =>
      oidc({ ...preset, ...shared }),
    )
    expect((await logIn()).principal).toBeUndefined()
    expect(failures).toMatchObject([{ reason: 'wrong-issuer' }])
  })
})

describe('the preset of github', () => {
  it('reads an answer that comes as a form', async () => {
    const preset = github({ clientId: 'client', secret: 'sesame' })
    const { logIn, server } = setUp(preset.settings, documentsOf('github'), (shared) =>
      oauth2({ ...preset, ...shared, validate: ({ tokens }) => ({ scopes: tokens.scopes }) }),
    )
    server.isForm = true
    expect((await logIn()).principal).toEqual({ scopes: ['repo', 'gist'] })
  })
})

describe('githubEmails()', () => {
  const preset = github({ clientId: 'client', secret: 'sesame' })
  const documents = documentsOf('github')
  const service = () =>
    setUp(preset.settings, documents, (shared) =>
      oauth2({
        ...preset,
        ...shared,
        validate: async (credential, context) => {
          const person = preset.validate(credential)
          return isCause(person) ? person : { ...person, emails: await githubEmails(credential, context) }
        },
      }),
    )

  it('gives all addresses of the account, and which of them are verified', async () => {
    const { logIn, server } = service()
    expect((await logIn()).principal).toMatchObject({
      subject: '1',
      emails: [
        { email: 'octocat@github.com', isVerified: true, isPrimary: true },
        { email: 'old@example.com', isVerified: false, isPrimary: false },
      ],
    })
    expect(server.asked.at(-1)?.url).toBe('https://api.github.com/user/emails')
    expect(Object.fromEntries(server.asked.at(-1)?.headers ?? [])).toMatchObject({
      accept: 'application/vnd.github+json',
      authorization: 'Bearer access-1',
      'user-agent': 'becauth',
    })
  })

  it('is an outage where GitHub answers with no list', async () => {
    const { emails: _none, ...others } = documents
    const { logIn } = setUp(preset.settings, others, (shared) =>
      oauth2({
        ...preset,
        ...shared,
        validate: async (credential, context) => ({ emails: await githubEmails(credential, context) }),
      }),
    )
    expect((await logIn()).status).toBe(503)
  })
})
