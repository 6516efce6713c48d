import {
  generateSigningKey,
  type RefreshReplay,
  type SigningKey,
  signingKey,
  type TokenIssuer,
  tokenIssuer,
} from 'becauth/issuer'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { grant, ISSUER, issuedOf, reasonOf } from './kit.ts'
import { type SharedStore, stores } from './stores.ts'

const MANY = 1000
const began = Math.floor(Date.now() / 1000)

describe.each(stores)('refresh tokens in $name, over two processes', ({ absent, start }) => {
  let shared: SharedStore
  let keys: readonly SigningKey[]
  let offset = 0
  let replays: RefreshReplay[] = []
  let one: TokenIssuer
  let other: TokenIssuer

  /** The time at which the test began, moved on by the test alone: servers have clocks of their own, that go on. */
  const clock = (): number => began + offset

  beforeAll(async () => {
    if (absent) return
    keys = [signingKey(await generateSigningKey())]
    shared = await start()
  }, 60_000)
  afterAll(() => shared?.stop())
  beforeEach(() => {
    if (absent) return
    replays = []
    const onReplay = (replay: RefreshReplay): void => {
      replays.push(replay)
    }
    const process = (index: 0 | 1): TokenIssuer => {
      const refreshTokens = { store: shared.each[index], onReplay, timeoutSeconds: 30 }
      return tokenIssuer({ issuer: ISSUER, keys, clock, refreshTokens })
    }
    ;[one, other] = [process(0), process(1)]
  })

  const issue = async (subject = 'ada'): Promise<string> =>
    issuedOf(await one.issue({ ...grant, subject })).refresh_token
  const refresh = async (token: string, by = one): Promise<string> => issuedOf(await by.refresh(token)).refresh_token

  /** Uses a token so often at once, in both processes. */
  function atOnce(token: string, count: number): Promise<Awaited<ReturnType<TokenIssuer['refresh']>>[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => (index % 2 === 0 ? one : other).refresh(token)))
  }

  it.skipIf(absent)(`have one successor when one is used ${MANY} times at once`, async () => {
    const answers = await atOnce(await issue(), MANY)
    const successors = new Set(answers.map((answer) => issuedOf(answer).refresh_token))
    expect(successors.size).toBe(1)
    const [successor = ''] = successors
    expect(reasonOf(await other.refresh(successor))).toBe('ok')
    expect(replays).toEqual([])
  })

  it.skipIf(absent)('get the same successor within the grace, whichever process is asked', async () => {
    const first = await issue()
    const second = await refresh(first)
    offset += 9
    expect(await refresh(first, other)).toBe(second)
    expect(await refresh(second, other)).not.toBe(second)
    expect(replays).toEqual([])
  })

  it.skipIf(absent)('end their family when one is replayed after the grace, also a hundred times at once', async () => {
    const [first, bystander] = [await issue(), await issue()]
    const second = await refresh(first)
    offset += 11
    const answers = await atOnce(first, 100)
    expect(answers.filter(({ ok }) => ok)).toEqual([])
    expect(new Set(answers.map(reasonOf))).toContain('replayed')
    expect(replays.map(({ subject, clientId }) => [subject, clientId])).toEqual([['ada', 'app']])
    expect(reasonOf(await other.refresh(second))).toBe('revoked')
    expect(reasonOf(await one.refresh(second))).toBe('revoked')
    expect(reasonOf(await one.refresh(bystander))).toBe('ok')
  })

  it.skipIf(absent)('end their family when one is two exchanges old, however fast they were', async () => {
    const first = await issue()
    const third = await refresh(await refresh(first), other)
    expect(reasonOf(await one.refresh(first))).toBe('replayed')
    expect(reasonOf(await other.refresh(third))).toBe('revoked')
  })

  it.skipIf(absent)('let a thief and the owner who race with the same token have one future only', async () => {
    for (let turn = 0; turn < 10; turn++) {
      const first = await issue()
      const [owner, thief] = await Promise.all([refresh(first, one), refresh(first, other)])
      expect(owner).toBe(thief)
    }
  })

  it.skipIf(absent)('end with all of their subject, or one by one, in the other process too', async () => {
    const [first, second, bob] = [await issue('eve'), await issue('eve'), await issue('bob')]
    expect(reasonOf(await other.revoke(first))).toBe('ok')
    expect(reasonOf(await one.refresh(first))).toBe('revoked')
    expect(await other.revokeSubject('eve')).toBe(1)
    expect(['revoked', 'unknown']).toContain(reasonOf(await one.refresh(second)))
    expect(reasonOf(await one.refresh(bob))).toBe('ok')
  })

  it.skipIf(absent)('are over when nobody used them for too long', async () => {
    const refreshTokens = { store: shared.each[0], idleSeconds: 100, absoluteSeconds: 1000 }
    const brief = tokenIssuer({ issuer: ISSUER, keys, clock, refreshTokens })
    const { refresh_token: token } = issuedOf(await brief.issue(grant))
    offset += 101
    expect(['expired', 'unknown']).toContain(reasonOf(await brief.refresh(token)))
  })
})
