import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/session-store.ts'
import { cookieIn, gate, requestWith, START, tokensKit } from './session-tokens-kit.ts'

const many = <T>(count: number, one: (index: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => one(index)))

/** A store whose writes a test can let fail, and do something before. */
function unruly(act: { write: () => void | Promise<void> }): (store: SessionStore) => SessionStore {
  return (store) => ({
    ...bound(store),
    replace: async (...call) => {
      await act.write()
      return store.replace(...call)
    },
  })
}

function bound(store: SessionStore): SessionStore {
  return {
    read: (...call) => store.read(...call),
    create: (...call) => store.create(...call),
    replace: (...call) => store.replace(...call),
    touch: (...call) => store.touch(...call),
    rotate: (...call) => store.rotate(...call),
    delete: (...call) => store.delete(...call),
    listBySubject: (...call) => store.listBySubject(...call),
    deleteBySubject: (...call) => store.deleteBySubject(...call),
    deleteByHandle: (...call) => store.deleteByHandle(...call),
    listByTag: (...call) => store.listByTag(...call),
    deleteByTag: (...call) => store.deleteByTag(...call),
    sweep: (...call) => store.sweep(...call),
  }
}

describe('many requests for tokens that are over', () => {
  it('ask the server once within a process, and take one lease', async () => {
    const { newProcess, refreshes, shared, time } = await tokensKit()
    const { login, token } = newProcess()
    const cookie = await login()
    time.now = START + 300
    expect(new Set(await many(100, () => token(cookie)))).toEqual(new Set(['at1']))
    expect(refreshes()).toEqual(['rt0'])
    expect([shared.once.size, time.waited]).toEqual([1, 0])
  })

  it('ask the server once for all of four processes', async () => {
    const { newProcess, refreshes, time } = await tokensKit()
    const processes = [newProcess(), newProcess(), newProcess(), newProcess()]
    const cookie = (await processes[0]?.login()) ?? ''
    time.now = START + 300
    const given = await many(100, async (index) => processes[index % 4]?.token(cookie))
    expect(new Set(given)).toEqual(new Set(['at1']))
    expect(refreshes()).toEqual(['rt0'])
  })

  it('ask for each session by itself', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    issuer.token = (form) => Response.json({ access_token: `of ${form.get('refresh_token')}`, token_type: 'bearer' })
    const { login, token } = newProcess()
    const cookies = await many(5, (index) => login({ refreshToken: `r${index}` }, `account-${index}`))
    time.now = START + 300
    const given = await many(50, async (index) => token(cookies[index % 5] ?? ''))
    expect(given.slice(0, 5)).toEqual(['of r0', 'of r1', 'of r2', 'of r3', 'of r4'])
    expect(issuer.tokenRequests).toHaveLength(5)
  })
})

describe('while somebody refreshes', () => {
  it('gives others of the same and of other processes the old token without delay while it is good', async () => {
    const { newProcess, issuer, exchange, time } = await tokensKit()
    const { opened, open } = gate()
    const begun = gate()
    issuer.token = async (form) => {
      begun.open()
      await opened
      return exchange(form)
    }
    const [one, two] = [newProcess(), newProcess()]
    const cookie = await one.login()
    time.now = START + 290
    const first = one.token(cookie)
    await begun.opened
    expect(await many(5, () => one.token(cookie))).toEqual(['at0', 'at0', 'at0', 'at0', 'at0'])
    expect(await two.token(cookie)).toBe('at0')
    expect(time.waited).toBe(0)
    open()
    expect(await first).toBe('at1')
    expect(await two.token(cookie)).toBe('at1')
    expect(issuer.tokenRequests).toHaveLength(1)
  })

  it('goes on when whoever began it goes away', async () => {
    const { newProcess, issuer, exchange, refreshes, time } = await tokensKit()
    const { opened, open } = gate()
    const begun = gate()
    issuer.token = async (form) => {
      begun.open()
      await opened
      return exchange(form)
    }
    const { login, token, tokens } = newProcess()
    const cookie = await login()
    time.now = START + 300
    const controller = new AbortController()
    const first = tokens.accessToken(requestWith(cookie, { signal: controller.signal }))
    const second = token(cookie)
    await begun.opened
    controller.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    open()
    expect(await second).toBe('at1')
    expect(refreshes()).toEqual(['rt0'])
  })

  it('does not give the old token to somebody who went away', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const begun = gate()
    issuer.token = () => {
      begun.open()
      return new Promise<Response>(() => {})
    }
    const { login, tokens } = newProcess()
    const cookie = await login()
    time.now = START + 250
    const controller = new AbortController()
    const first = tokens.accessToken(requestWith(cookie, { signal: controller.signal }))
    await begun.opened
    controller.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
  })

  it('waits no longer than a request that is gone already', async () => {
    const { newProcess, time, refreshes } = await tokensKit()
    const { login, tokens } = newProcess()
    const cookie = await login()
    time.now = START + 300
    const request = requestWith(cookie, { signal: AbortSignal.abort(new Error('gone')) })
    await expect(tokens.accessToken(request)).rejects.toThrow()
    expect(refreshes()).toEqual([])
  })

  it('never brings a session back that was logged out meanwhile, and revokes what came', async () => {
    const { newProcess, issuer, exchange, server, time } = await tokensKit()
    const { login, token, stored, lives } = newProcess()
    const cookie = await login()
    issuer.token = async (form) => {
      await stored.logout(requestWith(cookie))
      return exchange(form)
    }
    time.now = START + 300
    expect(await token(cookie)).toBeUndefined()
    expect(await lives(cookie)).toBe(false)
    expect(await stored.list('account-1')).toEqual([])
    expect(server.revoked).toEqual(['rt1', 'at1'])
  })

  it('revokes what came when the tokens were taken out meanwhile', async () => {
    const { newProcess, issuer, exchange, server, time } = await tokensKit()
    const [one, two] = [newProcess(), newProcess()]
    const cookie = await one.login()
    issuer.token = async (form) => {
      await two.tokens.revoke(requestWith(cookie))
      return exchange(form)
    }
    time.now = START + 300
    expect(await one.token(cookie)).toBeUndefined()
    expect(server.revoked).toEqual(['rt0', 'at0', 'rt1', 'at1'])
    expect(await two.token(cookie)).toBeUndefined()
  })

  it('tells that what came could not be revoked, and the session stays dead', async () => {
    const { newProcess, issuer, exchange, server, faults, time } = await tokensKit()
    server.revocationStatus = 503
    const { login, token, stored, lives } = newProcess()
    const cookie = await login()
    issuer.token = async (form) => {
      await stored.revokeAll('account-1')
      return exchange(form)
    }
    time.now = START + 300
    expect(await token(cookie)).toBeUndefined()
    expect(await lives(cookie)).toBe(false)
    expect(faults.map(({ message }) => message)).toEqual(['the tokens of a session that ended could not be revoked'])
  })

  it('takes the tokens of a login that took the place of the old one meanwhile', async () => {
    const { newProcess, issuer, exchange, server, time } = await tokensKit()
    const { login, token, tokens, stored } = newProcess()
    const cookie = await login()
    const other = await login({ accessToken: 'stepped-up', refreshToken: 'other', expiresAt: START + 900 })
    const kept = await stored.readKept(requestWith(other))
    issuer.token = async (form) => {
      const seen = await stored.readKept(requestWith(cookie))
      await stored.replaceKept(requestWith(cookie), seen?.text ?? '', kept?.text ?? '')
      return exchange(form)
    }
    time.now = START + 300
    expect(await token(cookie)).toBe('stepped-up')
    expect(await tokens.accessToken(requestWith(cookie))).toMatchObject({ expiresAt: START + 900 })
    expect(server.revoked).toEqual([])
  })

  it('loses no tokens to a rotation of the session: its next request brings them in', async () => {
    const { newProcess, issuer, exchange, refreshes, server, time } = await tokensKit()
    const { login, token, stored } = newProcess()
    const cookie = await login()
    let next = ''
    issuer.token = async (form) => {
      if (next === '') {
        const change = await stored.rotate(requestWith(cookie), { because: 'privilege-change' })
        next = cookieIn(change?.headers ?? [])
      }
      return exchange(form)
    }
    time.now = START + 300
    expect(await token(cookie)).toBe('at1')
    expect(await token(next)).toBe('at1')
    expect(await token(next)).toBe('at1')
    expect(refreshes()).toEqual(['rt0'])
    expect(server.revoked).toEqual([])
    time.now += 300
    expect(await token(next)).toBe('at2')
  })
})

describe('a request with an old key of its session', () => {
  it('gets the old token while it is good, then an error, and never refreshes', async () => {
    const { newProcess, refreshes, time } = await tokensKit()
    const { login, token, stored } = newProcess()
    const cookie = await login()
    time.now = START + 285
    const change = await stored.rotate(requestWith(cookie), { because: 'periodic', graceSeconds: 60 })
    expect(await token(cookie)).toBe('at0')
    time.now = START + 301
    await expect(token(cookie)).rejects.toMatchObject({ code: 'oauth2-session-rotated', retryable: true })
    expect(refreshes()).toEqual([])
    expect(await token(cookieIn(change?.headers ?? []))).toBe('at1')
    // It took no lease that the new key would have to wait for.
    expect(time.waited).toBe(0)
  })
})

describe('the lease of a refresh', () => {
  it('goes to the next one when whoever has it dies', async () => {
    const { newProcess, refreshes, shared, time } = await tokensKit()
    const taken: string[] = []
    const store = {
      consume: (namespace: string, key: string, expiresAt: number) => {
        taken.push(namespace)
        // Somebody took the first one and is never heard of again.
        if (taken.length === 1) shared.once.consume(namespace, key, expiresAt, { now: () => time.now })
        return shared.once.consume(namespace, key, expiresAt, { now: () => time.now })
      },
    }
    const { login, token } = newProcess({ tokens: { store, leaseSeconds: 8 } })
    const cookie = await login()
    time.now = START + 300
    expect(await token(cookie)).toBe('at1')
    expect(time.waited).toBeGreaterThanOrEqual(8000)
    expect(time.waited).toBeLessThan(9000)
    expect(taken).toEqual(['refresh', 'refresh'])
    expect(refreshes()).toEqual(['rt0'])
  })

  it('is not waited for more than three times: then it is an error, and the session lives', async () => {
    const { newProcess, issuer, time } = await tokensKit()
    const { login, token, lives } = newProcess({ tokens: { store: { consume: () => 'seen' }, leaseSeconds: 8 } })
    const cookie = await login()
    time.now = START + 300
    await expect(token(cookie)).rejects.toMatchObject({ code: 'oauth2-refresh', retryable: true })
    expect(time.waited).toBeGreaterThanOrEqual(24_000)
    expect(time.waited).toBeLessThan(26_000)
    expect(issuer.tokenRequests).toHaveLength(0)
    expect(await lives(cookie)).toBe(true)
  })

  it.each([
    ['is full', () => 'full' as const, 'oauth2-store-full'],
    ['is down', () => Promise.reject(new Error('down')), 'oauth2-store-failed'],
  ])('is an error when its store %s, and only once the old token is over', async (_name, consume, code) => {
    const { newProcess, issuer, time } = await tokensKit()
    const { login, token, lives } = newProcess({ tokens: { store: { consume } } })
    const cookie = await login()
    time.now = START + 299
    expect(await token(cookie)).toBe('at0')
    time.now = START + 300
    await expect(token(cookie)).rejects.toMatchObject({ retryable: true, code })
    expect(issuer.tokenRequests).toHaveLength(0)
    expect(await lives(cookie)).toBe(true)
  })

  it('finds what somebody wrote just before it was taken', async () => {
    const { newProcess, shared, refreshes, time } = await tokensKit()
    const one = newProcess()
    const cookie = await one.login()
    const store = {
      consume: async (...call: Parameters<typeof shared.once.consume>) => {
        await one.token(cookie)
        // Another store than that of the first one, so that both have the lease.
        expect(call[0]).toBe('refresh')
        return 'fresh' as const
      },
    }
    time.now = START + 300
    expect(await newProcess({ tokens: { store } }).token(cookie)).toBe('at1')
    expect(refreshes()).toEqual(['rt0'])
  })
})

describe('refreshed tokens whose session cannot be written', () => {
  it('are written a moment later when the store is back within the lease', async () => {
    const { newProcess, refreshes, faults, time } = await tokensKit()
    const outage = { until: START + 304 }
    const write = () => {
      if (time.now < outage.until) throw new Error('down')
    }
    const { login, token } = newProcess({ store: unruly({ write }) })
    const cookie = await login()
    time.now = START + 300
    expect(await token(cookie)).toBe('at1')
    expect(await newProcess().token(cookie)).toBe('at1')
    expect(time.waited).toBeGreaterThan(3000)
    expect(refreshes()).toEqual(['rt0'])
    expect(faults).toEqual([])
  })

  it('are given out, told of, and written by the next request that comes to this process', async () => {
    const { newProcess, refreshes, faults, time } = await tokensKit()
    const outage = { until: START + 1000 }
    const write = () => {
      if (time.now < outage.until) throw new Error('down')
    }
    const { login, token } = newProcess({ store: unruly({ write }) })
    const cookie = await login()
    time.now = START + 300
    expect(await token(cookie)).toBe('at1')
    expect(faults.map(({ message }) => message)).toEqual(['refreshed tokens could not be written into their session'])
    expect(await token(cookie)).toBe('at1')
    outage.until = 0
    expect(await token(cookie)).toBe('at1')
    expect(await newProcess().token(cookie)).toBe('at1')
    expect(refreshes()).toEqual(['rt0'])
    time.now += 300
    expect(await token(cookie)).toBe('at2')
    expect(refreshes()).toEqual(['rt0', 'rt1'])
  })

  it('are taken for written when the store did it and only its answer was lost', async () => {
    const { newProcess, refreshes, faults, time } = await tokensKit()
    let isLost = true
    const { login, token } = newProcess({
      store: (store) => ({
        ...bound(store),
        replace: async (...call) => {
          const done = await store.replace(...call)
          if (!isLost) return done
          isLost = false
          throw new Error('down')
        },
      }),
    })
    const cookie = await login()
    time.now = START + 300
    expect(await token(cookie)).toBe('at1')
    expect(await token(cookie)).toBe('at1')
    expect(refreshes()).toEqual(['rt0'])
    expect(faults).toEqual([])
  })
})
