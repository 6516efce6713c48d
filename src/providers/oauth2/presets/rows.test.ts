import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { oidc } from '../../oidc/oidc.ts'
import type { IdTokenClaims, OidcCredential } from '../tokens.ts'
import {
  auth0,
  authentik,
  cognito,
  discord,
  facebook,
  github,
  gitlab,
  google,
  keycloak,
  linkedin,
  microsoft,
  okta,
  type PlainCredential,
  slack,
  spotify,
  twitch,
  x,
  zitadel,
} from './presets.ts'

const client = { clientId: 'client', secret: 'sesame' }
const tokens = { accessToken: 'at', tokenType: 'bearer', extra: {} }
const common = { issuer: 'https://id.example', tenant: undefined, tokens, returnTo: '/', parameters: {} }

function oidcLogin(
  claims: Record<string, string | boolean>,
  userInfo?: Record<string, string | boolean>,
): OidcCredential {
  const all: IdTokenClaims = { iss: 'https://id.example', sub: 'ada', aud: 'client', exp: 2, iat: 1, ...claims }
  return { ...common, userInfo, claims: all }
}

function plainLogin(userInfo: NonNullable<PlainCredential['userInfo']>): PlainCredential {
  return { ...common, userInfo }
}

describe('google()', () => {
  it('keeps the scopes of its own, adds those that are asked for, and hands on the key of the tenant', () => {
    const { settings } = google({ ...client, key: 'shop', scopes: ['email', 'https://www.googleapis.com/auth/drive'] })
    expect(settings.scopes).toEqual(['openid', 'email', 'profile', 'https://www.googleapis.com/auth/drive'])
    expect(settings.key).toBe('shop')
  })

  it('authenticates the client in another way where it is told to', () => {
    const clientAuthentication = { method: 'none' } as const
    expect(google({ clientId: 'client', clientAuthentication }).settings.clientAuthentication).toBe(
      clientAuthentication,
    )
  })

  it('has no client without a secret', () => {
    const preset = Reflect.apply(google, undefined, [{ clientId: 'client' }])
    const shared = { redirectUri: '/callback', keys: [{ id: 'a', key: 'a key of a test with more than 32 octets' }] }
    expect(() => oidc({ ...preset, ...shared })).toThrow('oidc(): "clientAuthentication.secret" must be')
  })

  it.each([['true'], [1], [undefined]])('takes an address for verified by nothing but true, as %j', (verified) => {
    const claims = { email: 'ada@example.com', ...(verified === undefined ? {} : { email_verified: String(verified) }) }
    expect(google(client).validate(oidcLogin(claims))).toMatchObject({ isEmailVerified: false })
  })
})

describe('keycloak()', () => {
  const { validate } = keycloak({ ...client, url: 'https://id.example', realm: 'shop' })

  it('never says of one address what the server says of another', () => {
    const login = oidcLogin(
      { email: 'ada@example.com', email_verified: true },
      { sub: 'ada', email: 'eve@example.com' },
    )
    expect(validate(login)).toMatchObject({ email: 'eve@example.com', isEmailVerified: false })
  })

  it('says nothing of an address that is not there', () => {
    expect(validate(oidcLogin({ email_verified: true }))).toMatchObject({ email: undefined, isEmailVerified: false })
  })
})

describe('microsoft()', () => {
  const ours = '72f988bf-86f1-41af-91ab-2d7cd011db47'
  const theirs = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
  const login = (tid: string, iss = `https://login.microsoftonline.com/${tid}/v2.0`) =>
    oidcLogin({ iss, tid, oid: 'o' })

  it('lets in the tenants that it is told', () => {
    const { validate } = microsoft({ ...client, tenant: 'common', tenants: [ours] })
    expect(validate(login(ours))).toMatchObject({ subject: `${ours}.o`, tenant: ours })
    expect(validate(login(theirs))).toMatchObject({ reason: 'wrong-issuer' })
  })

  it('refuses a tenant that the issuer is not of', () => {
    const { validate } = microsoft({ ...client, tenant: 'common' })
    expect(validate(login(ours, `https://login.microsoftonline.com/${theirs}/v2.0`))).toMatchObject({
      reason: 'wrong-issuer',
    })
  })

  it.each([
    ['common', 'https://login.microsoftonline.com/common/v2.0'],
    ['organizations', 'https://login.microsoftonline.com/organizations/v2.0'],
    ['consumers', 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'],
    [ours, `https://login.microsoftonline.com/${ours}/v2.0`],
  ])('knows the issuer of %s', (tenant, issuer) => {
    expect(microsoft({ ...client, tenant }).settings.issuer).toBe(issuer)
  })
})

describe('presets that servers run themselves', () => {
  it.each([
    [
      () => keycloak({ ...client, url: 'https://id.example/auth', realm: 'the shop' }),
      'https://id.example/auth/realms/the%20shop',
    ],
    [() => gitlab({ ...client, url: 'https://git.example/gitlab' }), 'https://git.example/gitlab'],
    [() => okta({ ...client, domain: 'shop.okta.com' }), 'https://shop.okta.com'],
    [
      () => cognito({ ...client, userPoolId: 'ap-southeast-2_aB3' }),
      'https://cognito-idp.ap-southeast-2.amazonaws.com/ap-southeast-2_aB3',
    ],
    [() => zitadel({ ...client, domain: 'id.example:8443' }), 'https://id.example:8443'],
  ])('make the issuer of where they are: %#', (make, issuer) => {
    expect(make().settings.issuer).toBe(issuer)
  })

  it.each([
    ['https://github.com', 'https://api.github.com/user'],
    ['https://shop.ghe.com', 'https://api.shop.ghe.com/user'],
    ['https://git.example', 'https://git.example/api/v3/user'],
  ])('find the API of %s', (url, userInfo) => {
    const preset = github({ ...client, url })
    expect(preset.settings.endpoints).toMatchObject({ userInfo, token: `${url}/login/oauth/access_token` })
    expect(preset.validate(plainLogin({ id: 7, login: 'ada' }))).toMatchObject({
      issuer: url,
      subject: '7',
      name: 'ada',
    })
  })

  it.each([
    [() => keycloak({ ...client, url: 'http://id.example', realm: 'shop' }), /"url"/],
    [() => keycloak({ ...client, url: 'https://id.example/', realm: 'shop' }), /"url"/],
    [() => keycloak({ ...client, url: 'https://id.example', realm: '../master' }), /"realm"/],
    [() => keycloak({ ...client, url: 'https://id.example', realm: '..' }), /"realm"/],
    [() => authentik({ ...client, url: 'https://id.example?x', application: 'shop' }), /"url"/],
    [() => authentik({ ...client, url: 'https://id.example', application: 'a/b' }), /"application"/],
    [() => auth0({ ...client, domain: 'https://shop.auth0.com' }), /"domain"/],
    [() => auth0({ ...client, domain: 'shop.auth0.com/evil' }), /"domain"/],
    [() => auth0({ ...client, domain: 'user@shop.auth0.com' }), /"domain"/],
    [() => okta({ ...client, domain: 'shop.okta.com', authorizationServer: '' }), /"authorizationServer"/],
    [() => cognito({ ...client, userPoolId: 'us-east-1/evil' }), /"userPoolId"/],
    [() => microsoft({ ...client, tenant: 'contoso.onmicrosoft.com' }), /"tenant"/],
    [() => microsoft({ ...client, tenant: 'common', tenants: ['contoso'] }), /"tenants"/],
    [() => github({ ...client, url: 'github.com' }), /"url"/],
    [() => linkedin({ clientId: 'client', secret: '' }), /"secret"/],
    [() => slack({ clientId: 'client', secret: '' }), /"secret"/],
    [() => Reflect.apply(facebook, undefined, [{ ...client, version: 'v23.0/../x.0' }]), /"version"/],
  ])('refuse what cannot be used: %#', (make, message) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })
})

describe('authentik() and okta()', () => {
  it.each([
    ['authentik', authentik({ ...client, url: 'https://id.example', application: 'shop' })],
    ['okta', okta({ ...client, domain: 'shop.okta.com' })],
  ])('take no address for verified, whatever the server says: %s', (_name, { validate }) => {
    const login = oidcLogin({ email: 'ada@example.com', email_verified: true })
    expect(validate(login)).toMatchObject({ email: 'ada@example.com', isEmailVerified: false })
  })
})

describe('x()', () => {
  it('asks for an address only where the app may', () => {
    expect(x(client).settings.endpoints?.userInfo).not.toContain('email')
    expect(x({ ...client, scopes: ['users.email'] }).settings.endpoints?.userInfo).toContain('confirmed_email')
  })
})

describe('github()', () => {
  it.each([[{}], [{ id: 1.5 }], [{ id: '' }], [{ id: null, login: 'ada' }], [{ login: 'ada' }]])(
    'knows nobody by %j',
    (userInfo) => {
      expect(github(client).validate(plainLogin(userInfo))).toMatchObject({ reason: 'missing-claim' })
    },
  )
})

describe('whatever UserInfo says', () => {
  const names = [
    'id',
    'sub',
    'data',
    'email',
    'verified',
    'email_verified',
    'name',
    'username',
    'avatar',
    'picture',
    'images',
  ]
  const userInfo = fc
    .dictionary(fc.constantFrom(...names), fc.jsonValue())
    .map((value): NonNullable<PlainCredential['userInfo']> => JSON.parse(JSON.stringify(value)))

  it.each([
    ['github', github(client)],
    ['discord', discord(client)],
    ['linkedin', linkedin(client)],
    ['facebook', facebook(client)],
    ['x', x(client)],
    ['spotify', spotify(client)],
  ])('the preset of %s answers a person with a subject, or a cause', (_name, { validate }) => {
    fc.assert(
      fc.property(userInfo, (said) => {
        const person = validate(plainLogin(said))
        if ('reason' in person) return person.reason === 'missing-claim'
        const texts = [person.email, person.name, person.username, person.picture]
        return person.subject !== '' && texts.every((text) => text === undefined || typeof text === 'string')
      }),
    )
  })
})

describe('what servers do otherwise than RFC 6749 says', () => {
  const normalized = (
    preset: { readonly settings: ReturnType<typeof google>['settings'] },
    status: number,
    body: object,
  ) => preset.settings.normalize?.({ status, body: JSON.parse(JSON.stringify(body)) })

  it.each([
    ['github', github(client), 200, { error: 'bad_refresh_token' }, 'invalid_grant'],
    ['github', github(client), 200, { error: 'incorrect_client_credentials' }, 'invalid_client'],
    ['github', github(client), 200, { error: 'redirect_uri_mismatch' }, 'redirect_uri_mismatch'],
    ['slack', slack(client), 200, { ok: false, error: 'bad_client_secret' }, 'invalid_client'],
    ['slack', slack(client), 200, { ok: false, error: 'ratelimited' }, 'temporarily_unavailable'],
    ['slack', slack(client), 200, { ok: false }, 'invalid_request'],
    ['twitch', twitch(client), 403, { status: 403, message: 'invalid client secret' }, 'invalid_client'],
    ['twitch', twitch(client), 400, { status: 400, message: 'missing grant type' }, 'invalid_request'],
    ['facebook', facebook(client), 400, { error: { message: 'm', code: 1 } }, 'invalid_client'],
    ['facebook', facebook(client), 500, { error: { message: 'm', code: 2 } }, 'temporarily_unavailable'],
    ['facebook', facebook(client), 400, { error: { code: 1, is_transient: true } }, 'temporarily_unavailable'],
    ['facebook', facebook(client), 400, { error: { code: 190 } }, 'invalid_request'],
    ['linkedin', linkedin(client), 401, { error: 'invalid_client' }, 'invalid_client'],
    ['x', x(client), 401, { error: 'unauthorized_client' }, 'unauthorized_client'],
  ])('is put right at %s: %#', (_name, preset, status, body, error) => {
    expect(normalized(preset, status, body)).toMatchObject({ body: { error } })
    expect(normalized(preset, status, body)?.status).toBeGreaterThanOrEqual(400)
  })

  it.each([
    ['github', github(client), 'repo,gist', 'repo gist'],
    ['linkedin', linkedin(client), 'email,openid', 'email openid'],
    ['twitch', twitch(client), ['openid', 'user:read:email'], 'openid user:read:email'],
  ])('gives scopes with spaces between them at %s', (_name, preset, scope, expected) => {
    expect(normalized(preset, 200, { access_token: 'at', scope })).toEqual({
      status: 200,
      body: { access_token: 'at', scope: expected },
    })
  })
})
