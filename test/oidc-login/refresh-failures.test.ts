import { describe, expect, it } from 'vitest'
import { OAuth2Unavailable } from '../../src/providers/oauth2/errors.ts'
import { oauth2Client } from '../../src/providers/oauth2/oauth2.ts'
import { KeptSessionTokens } from '../../src/providers/oauth2/session-tokens/session-tokens.ts'
import { cookieIn, requestWith, START, tokensKit } from './session-tokens-kit.ts'

const invalidGrant = () => Response.json({ error: 'invalid_grant' }, { status: 400 })

describe('a server whose keys cannot be had', () => {
  it('is not given the refresh token, so that nobody is logged out for it', async () => {
    const { newProcess, issuer, refreshes, time } = await tokensKit()
    const cookie = await newProcess().login()
    const { tokens, token, lives } = newProcess()
    issuer.downAt.add('/jwks')
    time.now = START + 299
    expect(await token(cookie)).toBe('at0')
    time.now = START + 310
    await expect(tokens.accessToken(requestWith(cookie))).rejects.toBeInstanceOf(OAuth2Unavailable)
    expect(refreshes()).toEqual([])
    issuer.downAt.clear()
    time.now += 60
    expect(await token(cookie)).toBe('at1')
    expect(await lives(cookie)).toBe(true)
  })
})

describe('a server that takes the refresh token no more', () => {
  it('ends the session, and the answer deletes the cookie', async () => {
    const { newProcess, issuer, faults, time } = await tokensKit()
    issuer.token = invalidGrant
    const { login, tokens, lives, stored } = newProcess()
    const cookie = await login()
    time.now = START + 299
    const request = requestWith(cookie)
    expect(await tokens.accessToken(request)).toBeUndefined()
    expect(request.answered.map(([name, value]) => `${name}: ${value}`).join()).toMatch(/^Set-Cookie: .*Max-Age=0/i)
    expect(await lives(cookie)).toBe(false)
    expect(await stored.list('account-1')).toEqual([])
    expect(faults).toEqual([])
  })

  it('ends it for all who wait, and asks once', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    issuer.token = invalidGrant
    const { login, token } = newProcess()
    const cookie = await login()
    time.now = START + 300
    const given = await Promise.all(Array.from({ length: 20 }, () => token(cookie)))
    expect(new Set(given)).toEqual(new Set([undefined]))
    expect(issuer.tokenRequests).toHaveLength(1)
  })

  it('ends no session that has other tokens by now: those are used', async () => {
    const { newProcess, issuer, exchange, time } = await tokensKit()
    const [slow, fast] = [newProcess(), newProcess({ tokens: { store: { consume: () => 'fresh' } } })]
    const cookie = await slow.login()
    let asked = 0
    issuer.token = async (form) => {
      asked += 1
      // The first one is slow, and its lease is over; the second one has written what it got when the first one is refused.
      if (asked === 1) await fast.token(cookie)
      return exchange(form)
    }
    time.now = START + 300
    expect(await slow.token(cookie)).toBe('at1')
    expect(asked).toBe(2)
    expect(await slow.lives(cookie)).toBe(true)
  })

  it('ends a session whose data somebody changed meanwhile', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const { login, token, stored, lives } = newProcess()
    const cookie = await login()
    issuer.token = async () => {
      await stored.update(requestWith(cookie), { name: 'Countess' })
      return invalidGrant()
    }
    time.now = START + 300
    expect(await token(cookie)).toBeUndefined()
    expect(await lives(cookie)).toBe(false)
  })
})

describe('a server that does not answer', () => {
  it('logs nobody out: the old token is good until it is over, then it is an error that passes', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const { login, token, lives } = newProcess()
    const cookie = await login()
    issuer.down = true
    time.now = START + 240
    expect(await token(cookie)).toBe('at0')
    time.now = START + 299.9
    expect(await token(cookie)).toBe('at0')
    time.now = START + 310
    await expect(token(cookie)).rejects.toMatchObject({ name: 'OAuth2Unavailable', retryable: true })
    expect(await lives(cookie)).toBe(true)
    issuer.down = false
    time.now = START + 320
    expect(await token(cookie)).toBe('at1')
  })

  it('is asked by one process at a time, the others hear of it at once, and after a rest that grows', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const processes = [newProcess(), newProcess(), newProcess(), newProcess()]
    const cookie = (await processes[0]?.login()) ?? ''
    const asked = async () => {
      const before = issuer.asked.filter((one) => one === 'POST /token').length
      const given = await Promise.allSettled(
        Array.from({ length: 40 }, async (_, index) => processes[index % 4]?.token(cookie)),
      )
      expect(new Set(given.map(({ status }) => status))).toEqual(new Set(['rejected']))
      return issuer.asked.filter((one) => one === 'POST /token').length - before
    }
    issuer.downAt.add('/token')
    time.now = START + 300
    expect(await asked()).toBe(1)
    const { waited } = time
    expect(waited).toBeLessThan(2000)
    expect(await asked()).toBe(0)
    time.now += 1
    expect(await asked()).toBe(1)
    time.now += 1
    expect(await asked()).toBe(0)
    time.now += 1
    expect(await asked()).toBe(1)
    expect(time.waited).toBeLessThan(6000)
    issuer.downAt.clear()
    time.now += 10
    expect(await processes[3]?.token(cookie)).toBe('at1')
  })

  it.each([
    ['answers 503', () => new Response(null, { status: 503 }), 'oauth2-status-503'],
    [
      'redirects',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }),
      'oauth2-redirect',
    ],
    [
      'answers nonsense',
      () => new Response('<h1>Oops</h1>', { headers: { 'content-type': 'text/html' } }),
      'oauth2-malformed',
    ],
    ['answers without end', () => new Response('x'.repeat(300_000)), 'oauth2-too-large'],
    [
      'says that it cannot now',
      () => Response.json({ error: 'temporarily_unavailable' }, { status: 400 }),
      'oauth2-outage',
    ],
    ['takes too long', () => new Promise<Response>(() => {}), 'oauth2-timeout'],
  ])('logs nobody out when it %s', async (_name, answer, code) => {
    const { newProcess, issuer, exchange, time } = await tokensKit()
    const { login, token, lives } = newProcess({ client: { timeoutSeconds: code === 'oauth2-timeout' ? 0.1 : 5 } })
    const cookie = await login()
    issuer.token = answer
    time.now = START + 250
    expect(await token(cookie)).toBe('at0')
    time.now = START + 300
    await expect(token(cookie)).rejects.toMatchObject({ code, retryable: true })
    expect(await lives(cookie)).toBe(true)
    issuer.token = exchange
    time.now += 10
    expect(await newProcess().token(cookie)).toBe('at1')
  })
})

describe('a server that does not take the client any more', () => {
  it('logs nobody out: the old token is good until it is over, then it is an error that does not pass', async () => {
    const { newProcess, issuer, exchange, time } = await tokensKit()
    const { login, token, lives } = newProcess()
    const cookie = await login()
    issuer.token = () => Response.json({ error: 'invalid_client' }, { status: 401 })
    time.now = START + 299
    expect(await token(cookie)).toBe('at0')
    time.now = START + 305
    await expect(token(cookie)).rejects.toMatchObject({ error: 'invalid_client', retryable: false })
    expect(await lives(cookie)).toBe(true)
    issuer.token = exchange
    time.now += 10
    expect(await token(cookie)).toBe('at1')
  })
})

describe('the id_token that comes with refreshed tokens', () => {
  it.each([
    ['another person', { sub: 'eve' }, 'oauth2-other-person'],
    ['another login', { nonce: 'other' }, 'oauth2-other-person'],
    ['another issuer', { iss: 'https://other.example' }, 'oauth2-wrong-tokens'],
    ['another client', { aud: 'other' }, 'oauth2-wrong-tokens'],
    ['another authorized party', { azp: 'other' }, 'oauth2-wrong-tokens'],
    ['a time long past', { exp: START - 1000 }, 'oauth2-wrong-tokens'],
  ])('is refused when it is of %s, and the old tokens stay', async (_name, claims, code) => {
    const { newProcess, issuer, time } = await tokensKit()
    const { login, token, tokens, lives } = newProcess()
    const cookie = await login({ idToken: 'the first' })
    issuer.token = async () => Response.json({ ...(await issuer.tokens()), access_token: 'of somebody else' })
    issuer.claims = claims
    time.now = START + 299
    expect(await token(cookie)).toBe('at0')
    expect(await tokens.idToken(requestWith(cookie))).toBe('the first')
    time.now = START + 305
    await expect(token(cookie)).rejects.toMatchObject({ code, retryable: true })
    expect(await lives(cookie)).toBe(true)
  })

  it('takes the place of the old one when it is of the same person, with or without a nonce', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const { login, token, tokens } = newProcess()
    const cookie = await login({ idToken: 'the first' })
    issuer.claims = { aud: ['orders'], azp: 'orders', nonce: undefined }
    time.now = START + 300
    expect(await token(cookie)).toBe('at1')
    const second = await tokens.idToken(requestWith(cookie))
    expect(second).toMatch(/^eyJ/)
    issuer.claims = {}
    time.now += 300
    expect(await token(cookie)).toBe('at2')
    expect(await tokens.idToken(requestWith(cookie))).not.toBe(second)
  })
})

describe('the tokens of a client with a server for each tenant', () => {
  /** Somebody of the tenant `north`, and who the client is there. */
  async function tenant() {
    const { newProcess, issuer, time } = await tokensKit()
    const { stored } = newProcess()
    const asked: (string | undefined)[] = []
    const north = { key: 'north', issuer: issuer.issuer, clientId: 'orders' }
    const client = oauth2Client({
      resolve: (_request, key) => {
        asked.push(key)
        return key === 'north' ? { ...north, clientAuthentication: { method: 'none' } } : null
      },
      redirectUri: 'https://orders.example/callback/{tenant}',
      keys: [{ id: 'a', key: 'a key of a test with more than 32 octets' }],
      clock: () => time.now,
      fetch: issuer.fetch,
    })
    const tokens = new KeptSessionTokens({ client, sessions: stored }, async () => {})
    const given = { accessToken: 'at0', tokenType: 'bearer', expiresAt: START + 300, refreshToken: 'rt0', extra: {} }
    const common = { issuer: issuer.issuer, userInfo: undefined, returnTo: '/', parameters: {} }
    const kept = await tokens.seal(requestWith(''), { ...common, tenant: 'north', tokens: given }, 'account-1')
    const { headers } = await stored.login(requestWith(''), { name: 'Ada' }, { subject: 'account-1', kept: kept ?? '' })
    const cookie = cookieIn(headers)
    return {
      time,
      issuer,
      asked,
      north,
      token: async () => (await tokens.accessToken(requestWith(cookie)))?.accessToken,
    }
  }

  it('are refreshed at the server of their tenant, whatever the request asks for', async () => {
    const { time, asked, token } = await tenant()
    expect(await token()).toBe('at0')
    expect(asked).toEqual(['north'])
    time.now = START + 300
    expect(await token()).toBe('at1')
    expect(asked).toEqual(['north', 'north'])
  })

  it('are sent to no other server or client that the tenant has by now', async () => {
    const { time, issuer, north, token } = await tenant()
    north.clientId = 'another'
    time.now = START + 300
    expect(await token()).toBeUndefined()
    expect(issuer.asked).toEqual([])
  })
})
