import { describe, expect, it, vi } from 'vitest'
import { oauth2Client } from '../../src/providers/oauth2/oauth2.ts'
import { sessionTokens } from '../../src/providers/oauth2/session-tokens/session-tokens.ts'
import { requestWith, START, tokensKit } from './session-tokens-kit.ts'

describe('the tokens of a session', () => {
  it('are given out without asking the server until they are due', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const { login, tokens } = newProcess()
    const cookie = await login({ scopes: ['read'] })
    time.now = START + 239
    expect(await tokens.accessToken(requestWith(cookie))).toEqual({
      accessToken: 'at0',
      tokenType: 'bearer',
      expiresAt: START + 300,
      scopes: ['read'],
    })
    expect(issuer.asked).toEqual([])
  })

  it('are refreshed a minute before they are over, each time with the last refresh token', async () => {
    const { newProcess, refreshes, time } = await tokensKit()
    const { login, token } = newProcess()
    const cookie = await login()
    time.now = START + 240
    expect(await token(cookie)).toBe('at1')
    expect(await token(cookie)).toBe('at1')
    time.now += 240
    expect(await token(cookie)).toBe('at2')
    expect(refreshes()).toEqual(['rt0', 'rt1'])
  })

  it('are refreshed at half of their life when that is less than two minutes', async () => {
    const { newProcess, refreshes, time } = await tokensKit()
    const { login, token } = newProcess()
    const cookie = await login({ expiresAt: START + 40 })
    time.now = START + 19
    expect(await token(cookie)).toBe('at0')
    time.now = START + 20
    expect(await token(cookie)).toBe('at1')
    expect(refreshes()).toEqual(['rt0'])
  })

  it('keep what the server does not give anew', async () => {
    const { newProcess, issuer, refreshes, time } = await tokensKit()
    issuer.token = () => Response.json({ access_token: 'next', token_type: 'Bearer', expires_in: 300 })
    const { login, tokens } = newProcess()
    const cookie = await login({ scopes: ['read'], idToken: 'the id_token' })
    time.now = START + 300
    expect(await tokens.accessToken(requestWith(cookie))).toMatchObject({ accessToken: 'next', scopes: ['read'] })
    expect(await tokens.idToken(requestWith(cookie))).toBe('the id_token')
    time.now += 300
    await tokens.accessToken(requestWith(cookie))
    expect(refreshes()).toEqual(['rt0', 'rt0'])
  })

  it('are none for a request without a session, and for a session without tokens', async () => {
    const { newProcess } = await tokensKit()
    const { tokens, stored, token } = newProcess()
    expect(await token('')).toBeUndefined()
    const { headers } = await stored.login(requestWith(''), { name: 'Ada' }, { subject: 'account-1' })
    const cookie = headers[0]?.[1].split(';')[0] ?? ''
    expect(await token(cookie)).toBeUndefined()
    expect(await tokens.idToken(requestWith(cookie))).toBeUndefined()
    expect(await tokens.revoke(requestWith(cookie))).toBe(false)
  })

  it('are used to their end, and then are none, without a refresh token', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const { login, token, lives } = newProcess()
    const cookie = await login({ refreshToken: undefined })
    time.now = START + 299
    expect(await token(cookie)).toBe('at0')
    time.now = START + 300
    expect(await token(cookie)).toBeUndefined()
    expect(await lives(cookie)).toBe(true)
    expect(issuer.asked).toEqual([])
  })

  it('last for as long as it is assumed of those that say nothing, and for ever where they cannot be refreshed', async () => {
    const { newProcess, refreshes, time } = await tokensKit()
    const { login, token } = newProcess({ tokens: { unknownLifeSeconds: 1000 } })
    const renewable = await login({ expiresAt: undefined })
    const lasting = await login({ expiresAt: undefined, refreshToken: undefined }, 'account-2')
    time.now = START + 939
    expect(await token(renewable)).toBe('at0')
    expect(refreshes()).toEqual([])
    time.now = START + 940
    expect(await token(renewable)).toBe('at1')
    time.now = START + 3000
    expect(await token(lasting)).toBe('at0')
  })

  it('are not refreshed by every request when the server says that they are over at once', async () => {
    const { newProcess, server, refreshes, time } = await tokensKit()
    server.expiresIn = 0
    const { login, token } = newProcess()
    const cookie = await login()
    time.now = START + 300
    for (let request = 0; request < 5; request++) expect(await token(cookie)).toBe('at1')
    expect(refreshes()).toEqual(['rt0'])
  })
})

describe('what a session keeps of tokens', () => {
  it('shows none of them', async () => {
    const { newProcess } = await tokensKit()
    const { login, stored } = newProcess()
    const cookie = await login({ accessToken: 'canary-access', refreshToken: 'canary-refresh', idToken: 'canary-id' })
    const kept = await stored.readKept(requestWith(cookie))
    expect(kept?.text).toMatch(/^oauth tokens e1\./)
    expect(JSON.stringify([kept, await stored.exportSubject('account-1')])).not.toContain('canary')
  })

  it('opens by every key of the ring, and is sealed by the first one when it is refreshed', async () => {
    const { newProcess, time, faults } = await tokensKit()
    const [one, two] = [
      { id: 'one', key: 'the first key of a test, with more than 32 octets' },
      { id: 'two', key: 'the second key of a test, with more than 32 octets' },
    ]
    const cookie = await newProcess({ tokens: { keys: [one] } }).login()
    const rotated = newProcess({ tokens: { keys: [two, one] } })
    expect(await rotated.token(cookie)).toBe('at0')
    time.now = START + 300
    expect(await rotated.token(cookie)).toBe('at1')
    expect(await newProcess({ tokens: { keys: [two] } }).token(cookie)).toBe('at1')
    expect(faults).toEqual([])
  })

  it('is none, and a fault, when it does not open; the session goes on', async () => {
    const { newProcess, faults } = await tokensKit()
    const cookie = await newProcess().login()
    const other = newProcess({
      tokens: { keys: [{ id: 'b', key: 'another key of a test, with more than 32 octets' }] },
    })
    expect(await other.token(cookie)).toBeUndefined()
    expect(faults.map(({ message }) => message)).toEqual(['the tokens of a session do not open (unknown-key)'])
    expect(await other.lives(cookie)).toBe(true)
  })

  it('does not open in the session of somebody else', async () => {
    const { newProcess, faults } = await tokensKit()
    const { login, stored, token } = newProcess()
    const kept = await stored.readKept(requestWith(await login()))
    const other = await login({}, 'account-2')
    const own = await stored.readKept(requestWith(other))
    expect(await stored.replaceKept(requestWith(other), own?.text ?? '', kept?.text ?? '')).toBe(true)
    expect(await token(other)).toBeUndefined()
    expect(faults.map(({ message }) => message)).toEqual(['the tokens of a session do not open (bad-signature)'])
  })

  it('is nothing to another name, another client, and logins at another server', async () => {
    const { newProcess, faults } = await tokensKit()
    const cookie = await newProcess().login()
    expect(await newProcess({ tokens: { name: 'billing' } }).token(cookie)).toBeUndefined()
    const settings = { issuer: 'https://id.example', clientAuthentication: { method: 'none' } } as const
    const other = newProcess({ client: { settings: { ...settings, clientId: 'billing' } } })
    expect(await other.token(cookie)).toBeUndefined()
    expect(await other.tokens.revoke(requestWith(cookie))).toBe(false)
    const elsewhere = newProcess({
      client: { settings: { ...settings, clientId: 'orders', issuer: 'https://b.example' } },
    })
    expect(await elsewhere.token(await elsewhere.login())).toBeUndefined()
    // At the same server, by the id_token of another client.
    expect(await other.token(await other.login())).toBeUndefined()
    expect(faults).toEqual([])
  })
})

describe('revoking the tokens of a session', () => {
  it('takes them out of the session, which goes on, and revokes the refresh token first', async () => {
    const { newProcess, server } = await tokensKit()
    const { login, tokens, token, lives } = newProcess()
    const cookie = await login()
    expect(await tokens.revoke(requestWith(cookie))).toBe(true)
    expect(server.revoked).toEqual(['rt0', 'at0'])
    expect(await token(cookie)).toBeUndefined()
    expect(await lives(cookie)).toBe(true)
    expect(await tokens.revoke(requestWith(cookie))).toBe(false)
  })

  it('says that the server has no way to, and takes them out all the same', async () => {
    const { newProcess, issuer, server } = await tokensKit()
    issuer.metadata = {}
    const { login, tokens, token } = newProcess()
    const cookie = await login()
    expect(await tokens.revoke(requestWith(cookie))).toBe(false)
    expect(server.revoked).toEqual([])
    expect(await token(cookie)).toBeUndefined()
  })

  it('rejects when the server does not do it, having tried both, and takes them out all the same', async () => {
    const { newProcess, server } = await tokensKit()
    server.revocationStatus = 503
    const { login, tokens, token } = newProcess()
    const cookie = await login()
    await expect(tokens.revoke(requestWith(cookie))).rejects.toMatchObject({
      code: 'oauth2-status-503',
      retryable: true,
    })
    expect(server.revoked).toEqual(['rt0', 'at0'])
    expect(await token(cookie)).toBeUndefined()
  })
})

describe('calling a service by the tokens of a session', () => {
  it('sends the token, refreshed when it is due', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const calls: Request[] = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const request = new Request(input, init)
      if (request.url.startsWith('https://id.example/')) return issuer.fetch(input, init)
      calls.push(request)
      return Response.json({ invoices: 2 })
    }
    const { login, tokens } = newProcess({ client: { fetch } })
    const cookie = await login()
    time.now = START + 299
    const response = await tokens.fetch(requestWith(cookie), 'https://api.example/invoices', {
      method: 'POST',
      body: 'x',
    })
    expect(await response?.json()).toEqual({ invoices: 2 })
    expect(calls.map(({ headers, method }) => [method, headers.get('authorization')])).toEqual([['POST', 'Bearer at1']])
    expect(await tokens.fetch(requestWith(''), 'https://api.example/invoices')).toBeUndefined()
    expect(calls).toHaveLength(1)
  })
})

describe('a function that hears of faults and fails', () => {
  it.each([
    [
      'at once',
      () => {
        throw new Error('no log')
      },
    ],
    ['later', () => Promise.reject(new Error('no log'))],
  ])('%s does no harm, and the console says so', async (_name, onFault) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { newProcess } = await tokensKit()
    const cookie = await newProcess().login()
    const keys = [{ id: 'b', key: 'another key of a test with more than 32 octets' }]
    const { token } = newProcess({ tokens: { keys, onFault } })
    expect(await token(cookie)).toBeUndefined()
    await vi.waitFor(() => expect(said).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('"onFault"')))
    said.mockRestore()
  })
})

describe('the options of sessionTokens()', () => {
  const client = oauth2Client({
    settings: { issuer: 'https://id.example', clientId: 'orders', clientAuthentication: { method: 'none' } },
    redirectUri: '/callback',
    keys: [{ id: 'a', key: 'a key of a test with more than 32 octets' }],
    timeoutSeconds: 30,
  })
  const stored = { readKept: async () => undefined, replaceKept: async () => false, endKept: async () => false }
  const sessions = { ...stored, list: async () => [] }

  it.each([
    ['client', { client: {} }, '"client" must be made by oauth2Client() or oidcClient()'],
    ['sessions', { sessions: {} }, '"sessions" must be made by sessions()'],
    ['keys', { keys: [] }, '"keys" must be a list of at least one { id, key }'],
    ['store', { store: {} }, '"store" must be a OneTimeStore'],
    ['name', { name: 'a b' }, '"name" must be 1 to 64 letters'],
    ['refreshBeforeSeconds', { refreshBeforeSeconds: -1 }, '"refreshBeforeSeconds" must be a number from 0 to 3600'],
    ['leaseSeconds', { leaseSeconds: 30 }, '"leaseSeconds" must be more than the "timeoutSeconds" of the client'],
    ['leaseSeconds', { leaseSeconds: 121 }, '"leaseSeconds" must be a number from 0.1 to 120'],
    ['unknownLifeSeconds', { unknownLifeSeconds: 0 }, '"unknownLifeSeconds" must be a number from 1 to 86400'],
    ['onFault', { onFault: 'console' }, '"onFault" must be a function'],
  ])('refuse a wrong %s', (_name, wrong, message) => {
    expect(() => Reflect.apply(sessionTokens, undefined, [{ client, sessions, ...wrong }])).toThrow(message)
  })

  it('need nothing but the client and the sessions', () => {
    expect(sessionTokens({ client, sessions }).sessions).toBe(sessions)
  })
})
