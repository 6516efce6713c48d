import { describe, expect, it } from 'vitest'
import { authentication } from '../../../core/authentication.ts'
import { provider } from '../../../core/provider.ts'
import { OAuth2Client } from '../client.ts'
import type { OAuth2ClientOptions } from '../options.ts'
import { sessionTokens } from '../session-tokens/session-tokens.ts'
import { logoutRoutes } from './logout-routes.ts'

const requirement = authentication({
  visitor: provider({ challenge: { scheme: 'Session' }, authenticate: () => ({ principal: { name: 'ada' } }) }),
}).require('visitor')

function client(options: Partial<OAuth2ClientOptions> = {}, openid = true): OAuth2Client {
  const settings = {
    issuer: 'https://id.example',
    clientId: 'orders',
    clientAuthentication: { method: 'none' },
  } as const
  const shared = {
    redirectUri: 'https://orders.example/callback',
    keys: [{ id: 'a', key: 'a key of a test with more than 32 octets' }],
  }
  return new OAuth2Client({ settings, ...shared, ...pick(options) }, openid, 'test')
}

function pick({ redirectUri }: Partial<OAuth2ClientOptions>) {
  return redirectUri === undefined ? {} : { redirectUri }
}

const sessions = { logout: async () => ({ headers: [] }), revokeTagged: async () => 0 }

const others = {
  readKept: async () => undefined,
  replaceKept: async () => false,
  endKept: async () => false,
  list: async () => [],
}

describe('logoutRoutes()', () => {
  it.each<[string, object]>([
    ['client', { client: client({}, false) }],
    ['client', { client: undefined }],
    ['sessions', { sessions: {} }],
    ['tokens', { tokens: { idToken: () => undefined } }],
    ['tokens', { tokens: sessionTokens({ client: client(), sessions: others }) }],
    ['home', { home: 'https://evil.example/' }],
    ['home', { home: '//evil.example' }],
    ['postLogoutRedirectUri', { postLogoutRedirectUri: 'http://orders.example/' }],
    ['postLogoutRedirectUri', { postLogoutRedirectUri: 'https://orders.example/#there' }],
    ['postLogoutRedirectUri', { postLogoutRedirectUri: 'logged-out' }],
    ['postLogoutRedirectUri', { postLogoutRedirectUri: '/logged-out', client: client({ redirectUri: '/callback' }) }],
    ['onFailure', { onFailure: 'console' }],
    ['onLogout', { onLogout: 'console' }],
    ['store', { store: {} }],
  ])('throws a TypeError that names the option %s (%o)', (name, wrong) => {
    expect(() => logoutRoutes(requirement, { client: client(), sessions, ...wrong })).toThrow(
      new RegExp(`^logoutRoutes\\(\\): "${name}"`),
    )
  })

  it('makes the routes of the issuer only where sessions can be ended by others', () => {
    expect(Object.keys(logoutRoutes(requirement, { client: client(), sessions }))).toEqual([
      'logout',
      'afterLogout',
      'backChannel',
      'frontChannel',
    ])
    const sealed = { logout: sessions.logout }
    expect(Object.keys(logoutRoutes(requirement, { client: client(), sessions: sealed }))).toEqual([
      'logout',
      'afterLogout',
    ])
  })
})
