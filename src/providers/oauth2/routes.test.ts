import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import { provider } from '../../core/provider.ts'
import { testRequest } from '../../testing/request.ts'
import { CallbackIntent } from './intents.ts'
import { loginRoutes } from './routes.ts'
import type { OAuth2Credential } from './tokens.ts'

const stranger: OAuth2Credential = Object.freeze({
  issuer: 'https://id.example',
  tenant: undefined,
  tokens: { accessToken: 'a', tokenType: 'bearer', extra: {} },
  userInfo: undefined,
  returnTo: '/',
  parameters: {},
})

/** A login that came back, and somebody else whom the same requirement lets in. */
function callback(mayPass: boolean) {
  const office = provider({
    challenge: { scheme: 'OAuth2' },
    authenticate: ({ request: { native }, name }) => {
      if (native instanceof CallbackIntent) native.complete(stranger, false, name)
      return { principal: { name: 'stranger' } }
    },
  })
  const key = provider({ challenge: { scheme: 'ApiKey' }, authenticate: () => ({ principal: { name: 'ada' } }) })
  const auth = authentication({ office, key })
  const logins: string[] = []
  const routes = loginRoutes(
    auth.anyOf(
      auth.map('office', (found) => (mayPass ? found : null)),
      'key',
    ),
    {
      sessions: {
        login: async (_request, data: string) => {
          logins.push(data)
          return { headers: [] }
        },
      },
      session: ({ principal }) => ({ subject: principal.name, data: principal.name }),
    },
  )
  return { decide: () => routes.callback.decide(testRequest({ target: '/callback/office' })), logins }
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
})
