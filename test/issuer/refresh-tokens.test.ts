import { inspect } from 'node:util'
import type { SessionStore } from 'becauth'
import { generateSigningKey, type RefreshReplay, signingKey, tokenIssuer } from 'becauth/issuer'
import { memorySessionStore } from 'becauth/memory'
import fc from 'fast-check'
import { decodeJwt } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import { testClock } from '../../src/testing/test-clock.ts'
import { grant, ISSUER, issuedOf, reasonOf, service } from './kit.ts'

/** A store whose every call may be watched, slowed down or made to fail. */
function through(store: SessionStore, around: <T>(name: string, call: () => T) => unknown): SessionStore {
  return new Proxy(store, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...given: unknown[]) => around(String(name), () => Reflect.apply(method, target, given))
    },
  })
}

const slow = (store: SessionStore): SessionStore =>
  through(store, async (_name, call) => {
    await new Promise((resolve) => setImmediate(resolve))
    const answer = call()
    await new Promise((resolve) => setImmediate(resolve))
    return answer
  })

describe('a refresh token', () => {
  it('is 75 characters of base64url and renews the access token with the same claims', async () => {
    const { tokens, ask, clock } = await service()
    const first = issuedOf(await tokens.issue({ ...grant, authTime: clock.now(), claims: { roles: ['admin'] } }))
    expect(first.refresh_token).toMatch(/^[\w-]{75}$/)
    clock.advance(700)
    expect(await ask(first.access_token)).toBe('expired')
    const second = issuedOf(await tokens.refresh(first.refresh_token))
    expect(await ask(second.access_token)).toMatchObject({ sub: 'ada', roles: ['admin'], auth_time: clock.now() - 700 })
    const [one, two] = [decodeJwt(first.access_token), decodeJwt(second.access_token)]
    expect(two.jti).not.toBe(one.jti)
    expect({ ...two, jti: 0, iat: 0, exp: 0 }).toEqual({ ...one, jti: 0, iat: 0, exp: 0 })
    expect(second.refresh_token.slice(0, 32)).toBe(first.refresh_token.slice(0, 32))
    expect(second.refresh_token).not.toBe(first.refresh_token)
  })

  it.each([
    ['that answers at once', (store: SessionStore) => store],
    ['that takes a while', slow],
  ])('used 1,000 times in parallel over two processes has one successor, with a store %s', async (_name, made) => {
    const clock = testClock()
    const store = made(memorySessionStore())
    const onReplay = vi.fn()
    const keys = [signingKey(await generateSigningKey())]
    const options = { issuer: ISSUER, keys, clock: clock.now, refreshTokens: { store, onReplay } }
    const processes = [tokenIssuer(options), tokenIssuer(options)] as const
    const { refresh_token } = issuedOf(await processes[0].issue(grant))
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => processes[index % 2 === 0 ? 0 : 1].refresh(refresh_token)),
    )
    const successors = new Set(answers.map((answer) => issuedOf(answer).refresh_token))
    expect(successors.size).toBe(1)
    const [successor = ''] = successors
    expect(reasonOf(await processes[1].refresh(successor))).toBe('ok')
    expect(onReplay).not.toHaveBeenCalled()
  })

  it('gets the same successor for 10 seconds, and later ends its family', async () => {
    const replays: RefreshReplay[] = []
    const { tokens, clock } = await service({ refreshTokens: { onReplay: (replay) => replays.push(replay) } })
    const first = issuedOf(await tokens.issue(grant)).refresh_token
    const second = issuedOf(await tokens.refresh(first)).refresh_token
    clock.advance(9.9)
    expect(issuedOf(await tokens.refresh(first)).refresh_token).toBe(second)
    clock.advance(0.1)
    const answers = await Promise.all(Array.from({ length: 20 }, () => tokens.refresh(first)))
    expect(answers.map(reasonOf).filter((reason) => reason === 'replayed').length).toBeGreaterThan(0)
    expect(new Set(answers.map((answer) => (answer.ok ? 'ok' : answer.error)))).toEqual(new Set(['invalid_grant']))
    expect(replays).toEqual([{ at: clock.now(), subject: 'ada', clientId: 'app' }])
    expect(reasonOf(await tokens.refresh(second))).toBe('revoked')
    clock.advance(301)
    expect(reasonOf(await tokens.refresh(second))).toBe('unknown')
  })

  it('ends its family at once when it is two exchanges old, and nobody else is touched', async () => {
    const { tokens } = await service()
    const other = issuedOf(await tokens.issue(grant)).refresh_token
    const first = issuedOf(await tokens.issue(grant)).refresh_token
    const second = issuedOf(await tokens.refresh(first)).refresh_token
    const third = issuedOf(await tokens.refresh(second)).refresh_token
    expect(reasonOf(await tokens.refresh(first))).toBe('replayed')
    expect(reasonOf(await tokens.refresh(third))).toBe('revoked')
    expect(reasonOf(await tokens.refresh(other))).toBe('ok')
  })

  it('tells of a replay though the listener throws, and of no grace with "graceSeconds" 0', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {})
    const onReplay = (): never => {
      throw new RangeError('of the application')
    }
    const { tokens } = await service({ refreshTokens: { graceSeconds: 0, onReplay } })
    const first = issuedOf(await tokens.issue(grant)).refresh_token
    await tokens.refresh(first)
    expect(reasonOf(await tokens.refresh(first))).toBe('replayed')
    expect(complaint.mock.calls).toEqual([['becauth: "refreshTokens.onReplay" threw RangeError']])
    complaint.mockRestore()
  })

  it('is over when nobody used it for too long, and at the end of its family in any case', async () => {
    const { tokens, clock } = await service({ refreshTokens: { idleSeconds: 100, absoluteSeconds: 250 } })
    const idle = issuedOf(await tokens.issue(grant)).refresh_token
    let used = issuedOf(await tokens.issue(grant)).refresh_token
    for (const seconds of [99, 99]) {
      clock.advance(seconds)
      used = issuedOf(await tokens.refresh(used)).refresh_token
    }
    expect(reasonOf(await tokens.refresh(idle))).toBe('expired')
    clock.advance(52)
    expect(['expired', 'unknown']).toContain(reasonOf(await tokens.refresh(used)))
  })

  it('gives fewer scopes when asked, never more, and keeps them all', async () => {
    const { tokens } = await service()
    const first = issuedOf(await tokens.issue(grant)).refresh_token
    for (const scope of ['orders:delete', 'orders:read admin', ' ', '"']) {
      expect(await tokens.refresh(first, { scope })).toMatchObject({ ok: false, error: 'invalid_scope' })
    }
    const narrow = issuedOf(await tokens.refresh(first, { scope: 'orders:read' }))
    expect(narrow.scope).toBe('orders:read')
    expect(decodeJwt(narrow.access_token).scope).toBe('orders:read')
    expect(issuedOf(await tokens.refresh(narrow.refresh_token, { scope: '' })).scope).toBe(grant.scope)
  })

  it('is good for its client and its key alone, and survives those who are not', async () => {
    const { tokens } = await service()
    const jkt = 'B'.repeat(43)
    const { refresh_token } = issuedOf(await tokens.issue({ ...grant, confirmation: { jkt } }))
    const confirmation = { jkt }
    expect(reasonOf(await tokens.refresh(refresh_token))).toBe('wrong-confirmation')
    expect(reasonOf(await tokens.refresh(refresh_token, { confirmation: { jkt: 'C'.repeat(43) } }))).toBe(
      'wrong-confirmation',
    )
    expect(reasonOf(await tokens.refresh(refresh_token, { confirmation, clientId: 'other' }))).toBe('wrong-client')
    expect(issuedOf(await tokens.refresh(refresh_token, { confirmation, clientId: 'app' })).token_type).toBe('DPoP')
  })

  it('ends its family when it is no longer granted, and stays good when nobody can say', async () => {
    let answer: () => boolean = () => true
    const { tokens } = await service({ refreshTokens: { stillGranted: async () => answer() } })
    const first = issuedOf(await tokens.issue(grant)).refresh_token
    answer = () => {
      throw new Error('directory down')
    }
    const down = await tokens.refresh(first)
    expect(down.response.status).toBe(503)
    expect(down.response.headers).toContainEqual(['Retry-After', '5'])
    answer = () => false
    expect(reasonOf(await tokens.refresh(first))).toBe('withdrawn')
    answer = () => true
    expect(reasonOf(await tokens.refresh(first))).toBe('revoked')
  })

  it('that was altered anywhere is refused, and no text makes it throw', async () => {
    const { tokens } = await service()
    await fc.assert(
      fc.asyncProperty(fc.nat(74), fc.constantFrom(...'AZaz09-_'), async (at, digit) => {
        const good = issuedOf(await tokens.issue(grant)).refresh_token
        const bad = good.slice(0, at) + digit + good.slice(at + 1)
        fc.pre(bad !== good)
        expect(await tokens.refresh(bad)).toMatchObject({ ok: false, error: 'invalid_grant' })
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (text) => {
        expect(await Reflect.apply(tokens.refresh, tokens, [text])).toMatchObject({ reason: 'malformed' })
      }),
    )
  })
})

describe('revoke()', () => {
  it('ends a family by any of its tokens, answers 200 to nonsense, and refuses other clients and access tokens', async () => {
    const { tokens } = await service()
    const first = issuedOf(await tokens.issue(grant))
    const second = issuedOf(await tokens.refresh(first.refresh_token)).refresh_token
    expect(await tokens.revoke(second, { clientId: 'other' })).toMatchObject({ ok: false, error: 'invalid_grant' })
    expect(await tokens.revoke(first.access_token)).toMatchObject({ ok: false, error: 'unsupported_token_type' })
    expect((await tokens.revoke('nonsense')).response).toMatchObject({ status: 200, body: null })
    expect(reasonOf(await tokens.revoke(first.refresh_token, { clientId: 'app' }))).toBe('ok')
    expect(reasonOf(await tokens.revoke(second))).toBe('ok')
    expect(reasonOf(await tokens.refresh(second))).toBe('revoked')
  })

  it('of a subject ends all its families, of this issuer alone, and no sessions in the same store', async () => {
    const store = memorySessionStore()
    const { tokens, clock } = await service({ refreshTokens: { store } })
    const elsewhere = (await service({ issuer: 'https://other.example', refreshTokens: { store } })).tokens
    const context = { now: clock.now, signal: new AbortController().signal }
    const times = { createdAt: 0, renewedAt: 0, expiresAt: clock.now() + 1000 }
    const key = `${'A'.repeat(11)}.${'B'.repeat(43)}`
    const content = { format: 1, payload: new Uint8Array(), tags: [], ...times }
    store.create(key, content, { subject: 'ada', handle: 'C'.repeat(22) }, context)
    const issue = async (subject: string, by = tokens) => issuedOf(await by.issue({ ...grant, subject })).refresh_token
    const [one, two, bob, foreign] = [
      await issue('ada'),
      await issue('ada'),
      await issue('bob'),
      await issue('ada', elsewhere),
    ]
    expect(await tokens.revokeSubject('ada')).toBe(2)
    expect(await tokens.revokeSubject('ada')).toBe(0)
    const reasons = [await tokens.refresh(one), await tokens.refresh(two), await tokens.refresh(bob)].map(reasonOf)
    expect(reasons).toEqual(['unknown', 'unknown', 'ok'])
    expect(reasonOf(await elsewhere.refresh(foreign))).toBe('ok')
    expect(store.read(key, context)).toMatchObject({ subject: 'ada' })
  })
})

describe('a store that fails', () => {
  it.each(['read', 'replace', 'create', 'delete', 'deleteBySubject'])(
    'in %s is 503 without a word of why, and no token is lost',
    async (failing) => {
      let isDown = false
      const store = through(memorySessionStore(), (name, call) => {
        if (isDown && name === failing) throw new Error('secret of the store')
        return call()
      })
      const { tokens } = await service({ refreshTokens: { store } })
      const { refresh_token } = issuedOf(await tokens.issue(grant))
      isDown = true
      const all = [await tokens.issue(grant), await tokens.refresh(refresh_token), await tokens.revoke(refresh_token)]
      const refusals = all.filter((answer) => !answer.ok)
      for (const answer of refusals) {
        expect(answer).toMatchObject({ error: 'temporarily_unavailable', response: { status: 503 } })
        expect(answer).toMatchObject({ cause: { code: 'store-failed', kind: 'Error', retryable: true } })
        expect(JSON.stringify(answer.response)).not.toContain('secret')
      }
      const subject = tokens.revokeSubject('ada')
      if (failing === 'deleteBySubject') await expect(subject).rejects.toMatchObject({ code: 'store-failed' })
      else expect(await subject).toBeGreaterThanOrEqual(0)
      expect(refusals.length).toBe({ read: 2, replace: 1, create: 1, delete: 1, deleteBySubject: 0 }[failing])
    },
  )

  it('that never answers is given up, and so is a caller that went away', async () => {
    const store = through(memorySessionStore(), (name, call) => (name === 'read' ? new Promise(() => {}) : call()))
    const { tokens } = await service({ refreshTokens: { store, timeoutSeconds: 0.01 } })
    const { refresh_token } = issuedOf(await tokens.issue(grant))
    expect(await tokens.refresh(refresh_token)).toMatchObject({ cause: { code: 'timed-out' } })
    const gone = await tokens.refresh(refresh_token, { signal: AbortSignal.abort() })
    expect(gone).toMatchObject({ ok: false, reason: 'unavailable' })
  })

  it('holding something that no issuer wrote is 503, and replays nothing', async () => {
    let isNewer = false
    const store = through(memorySessionStore(), (name, call) => {
      const answer = call()
      return isNewer && name === 'read' ? { ...Object(answer), format: 2 } : answer
    })
    const { tokens } = await service({ refreshTokens: { store } })
    const { refresh_token } = issuedOf(await tokens.issue(grant))
    isNewer = true
    expect(await tokens.refresh(refresh_token)).toMatchObject({ cause: { code: 'store-unreadable' } })
    isNewer = false
    expect(reasonOf(await tokens.refresh(refresh_token))).toBe('ok')
  })
})

describe('the secrets of refresh tokens', () => {
  it('are nowhere in what a store is given, in refusals, in events or in a printed issuer', async () => {
    const given: unknown[] = []
    const inner = memorySessionStore()
    const store: SessionStore = new Proxy(inner, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) => {
          given.push(args)
          return Reflect.apply(method, target, args)
        }
      },
    })
    const { tokens, clock } = await service({ refreshTokens: { store, onReplay: (replay) => given.push(replay) } })
    const first = issuedOf(await tokens.issue(grant)).refresh_token
    const second = issuedOf(await tokens.refresh(first)).refresh_token
    clock.advance(60)
    given.push(await tokens.refresh(first), await tokens.refresh(second), inspect(tokens, { depth: 9 }))
    const bytes: string[] = []
    const text = JSON.stringify(given, (_name, value: unknown) => {
      if (value instanceof Uint8Array) bytes.push(Buffer.from(value).toString('latin1'))
      return value
    })
    expect(bytes.length).toBeGreaterThan(1)
    for (const token of [first, second]) {
      // The family's 64 random bits of a tag are known to the store; the rest of the id and the secret are not.
      const id = token.slice(11, 32)
      for (const secret of [token, id, token.slice(32), token.slice(-20)])
        expect(text + bytes.join()).not.toContain(secret)
    }
  })
})
