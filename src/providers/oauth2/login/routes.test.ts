import { describe, expect, it } from 'vitest'
import { authentication } from '../../../core/authentication.ts'
import { provider } from '../../../core/provider.ts'
import { testRequest } from '../../../testing/request.ts'
import type { OAuth2Credential } from '../tokens.ts'
import { CallbackIntent } from './intents.ts'
import { loginRoutes } from './routes.ts'

const stranger: OAuth2Credential = Object.freeze({
  issuer: 'https://id.example',
  tenant: undefined,
  tokens: { accessToken: 'a', tokenType: 'bearer', extra: {} },
  userInfo: undefined,
  returnTo: '/',
  parameters: {},
})

/** A login that came back, and somebody else whom the same requirement lets in. */
function callback(
  mayPass: boolean,
  refused?: 'too-many-sessions' | 'logged-out',
  onRefused: (reason: string) => Promise<void> = async () => {},
) {
  const office = provider({
    challenge: { scheme: 'OAuth2' },
    authenticate: ({ request: { purpose }, name }) => {
      if (purpose instanceof CallbackIntent)
        purpose.complete({ credential: stranger, provider: name, begunAt: 0, isStepUp: false })
      return { principal: { name: 'stranger' } }
    },
  })
  const key = provider({ challenge: { scheme: 'ApiKey' }, authenticate: () => ({ principal: { name: 'ada' } }) })
  const auth = authentication({ office, key })
  const logins: string[] = []
  const heard: unknown[] = []
  const routes = loginRoutes(
    auth.anyOf(
      auth.map('office', (found) => (mayPass ? found : null)),
      'key',
    ),
    {
      sessions: {
        login: async (_request, data: string) => {
          if (refused !== undefined) return { kind: 'refused', reason: refused, headers: [] }
          logins.push(data)
          return { headers: [] }
        },
      },
      session: ({ principal }) => ({ subject: principal.name, data: principal.name }),
      home: '/home',
      onRefused: (reason, { issuer }) => {
        heard.push([reason, issuer])
        return onRefused(reason)
      },
    },
  )
  return {
    heard,
    decide: () => routes.callback.decide(testRequest({ target: '/callback/office' })),
    logins,
  }
}

describe('the callback of loginRoutes()', () => {
  it('starts a session for a login that the requirement lets in', async () => {
    const { decide, logins } = callback(true)
    expect(await decide()).toMatchObject({ response: { status: 303 } })
    expect(logins).toEqual(['stranger'])
  })

  it('starts none for a login that the requirement refused while it let somebody else in', async () => {
    const { decide, logins } = callback(false)
    expect(await decide()).toMatchObject({ kind: 'rejected', response: { status: 403 } })
    expect(logins).toEqual([])
  })

  it('answers 403 to somebody who has as many sessions as they may, and lets the application know', async () => {
    const { decide, heard } = callback(true, 'too-many-sessions')
    expect(await decide()).toMatchObject({ kind: 'rejected', response: { status: 403 } })
    expect(heard).toEqual([['too-many-sessions', 'https://id.example']])
  })

  it('leads home who was logged out while logging in, and lets the application know', async () => {
    const { decide, heard } = callback(true, 'logged-out')
    expect(await decide()).toMatchObject({
      response: { status: 303, headers: expect.arrayContaining([['Location', '/home']]) },
    })
    expect(heard).toEqual([['logged-out', 'https://id.example']])
  })

  it('survives that the application cannot take it', async () => {
    const { decide } = callback(true, 'too-many-sessions', () => Promise.reject(new Error('no log')))
    expect(await decide()).toMatchObject({ kind: 'unavailable', response: { status: 503 } })
  })
})

describe('the options of loginRoutes()', () => {
  it.each([
    ['sessions', { sessions: {} }, '"sessions" must be made by sessions() or sealedSessions()'],
    ['session', { session: undefined }, '"session" must be a function'],
    ['home', { home: 'https://evil.example/' }, '"home" must be a path'],
    ['onRefused', { onRefused: 'log' }, '"onRefused" must be a function'],
    ['tokens', { tokens: { sessions: {} } }, '"tokens" must be made by sessionTokens() with the same "sessions"'],
  ])('refuse a wrong %s', (_name, wrong, message) => {
    const auth = authentication({
      key: provider({ challenge: { scheme: 'Key' }, authenticate: () => ({ principal: {} }) }),
    })
    const right = { sessions: { login: async () => ({ headers: [] }) }, session: () => null }
    expect(() => Reflect.apply(loginRoutes, undefined, [auth.require('key'), { ...right, ...wrong }])).toThrow(message)
  })
})
