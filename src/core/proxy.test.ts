import { describe, expect, it } from 'vitest'
import { testRequest } from '../testing/request.ts'
import { authentication } from './authentication.ts'
import { AuthenticationFailedCause } from './cause.ts'
import { provider } from './provider.ts'

const absent = () => ({ cause: AuthenticationFailedCause.NoCredentials })
const forProxy = () => provider({ challenge: { scheme: 'Digest' }, authenticate: absent, proxy: true })
const forServer = () => provider({ challenge: { scheme: 'Digest' }, authenticate: absent })

describe('providers that guard a proxy', () => {
  it('answers 407 with Proxy-Authenticate', async () => {
    const outcome = await authentication({ gate: forProxy() }).decide(testRequest({}), 'gate')
    expect(outcome.kind).toBe('rejected')
    if (outcome.kind !== 'rejected') return
    expect(outcome.response.status).toBe(407)
    expect(outcome.response.headers).toContainEqual(['Proxy-Authenticate', 'Digest realm="gate"'])
    expect(outcome.response.headers.some(([name]) => name === 'WWW-Authenticate')).toBe(false)
  })

  it('refuses a requirement that mixes them with providers of the service itself', () => {
    const auth = authentication({ gate: forProxy(), staff: forServer() })
    expect(() => auth.anyOf('gate', 'staff')).toThrow(TypeError)
    expect(() => auth.allOf('staff', auth.optional('gate'))).toThrow(/only beside providers for proxies/)
  })
})
