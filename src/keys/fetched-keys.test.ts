import { afterEach, describe, expect, it, vi } from 'vitest'
import { ask, sourceOf } from '../../test/keys/asking.ts'
import { edKey, jwksUrl, ScriptedIssuer, wanting } from '../../test/keys/scripted-issuer.ts'
import { isCause } from '../core/cause.ts'

const { signal } = new AbortController()

const a = edKey('a')
const b = edKey('b')

/** Lets a fetch in the background come to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('fetched keys', () => {
  it('are fetched when the first token needs them, and not before', async () => {
    const issuer = new ScriptedIssuer(a, b)
    const keys = sourceOf(issuer)
    expect([keys.generation, issuer.fetches]).toEqual([0, 0])
    expect(await ask(keys, 'a')).toBe('a')
    expect(await ask(keys, 'b')).toBe('b')
    expect(issuer.asked).toEqual([jwksUrl])
  })

  it('answer at once, without a promise, when they are there', async () => {
    const keys = sourceOf(new ScriptedIssuer(a))
    await ask(keys, 'a')
    expect(keys.find(wanting('a'), signal)).toHaveLength(1)
    expect(isCause(keys.find(wanting('other'), signal))).toBe(true)
  })

  it('are fetched once for a thousand requests at the same time', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    const asked = Array.from({ length: 1000 }, (_, index) => ask(keys, index % 2 === 0 ? 'a' : 'other'))
    const answers = await Promise.all(asked)
    expect(new Set(answers)).toEqual(new Set(['a', 'unknown-key']))
    expect(issuer.fetches).toBe(1)
  })

  it('are all of an id that comes twice', async () => {
    const keys = sourceOf(new ScriptedIssuer(edKey('a'), edKey('a'), b))
    expect(await ask(keys, 'a')).toBe('a,a')
  })

  it('serve a token without an id when exactly one fits', async () => {
    expect(await ask(sourceOf(new ScriptedIssuer(a)), undefined)).toBe('a')
    expect(await ask(sourceOf(new ScriptedIssuer(a, b)), undefined)).toBe('unknown-key')
    expect(await ask(sourceOf(new ScriptedIssuer(a)), undefined, 'ES256')).toBe('unknown-key')
  })

  it('of no id do not serve a token that names one', async () => {
    expect(await ask(sourceOf(new ScriptedIssuer(edKey(undefined))), 'a')).toBe('unknown-key')
  })

  it('do not serve another algorithm than theirs, nor is that a reason to fetch', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    issuer.time += 40
    expect(await ask(keys, 'a', 'HS256')).toBe('unknown-key')
    expect(issuer.fetches).toBe(1)
  })

  it('refuse an id of more than 256 characters without any fetch', async () => {
    const issuer = new ScriptedIssuer(a)
    expect(await ask(sourceOf(issuer), 'x'.repeat(257))).toBe('unknown-key')
    expect(issuer.fetches).toBe(0)
  })

  it('are refreshed in the background before they grow stale, with nobody waiting', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    issuer.time += 479
    keys.find(wanting('a'), signal)
    expect(issuer.fetches).toBe(1)
    issuer.time += 2
    expect(keys.find(wanting('a'), signal)).toHaveLength(1)
    await settle()
    expect(issuer.fetches).toBe(2)
    issuer.time += 479
    keys.find(wanting('a'), signal)
    expect(issuer.fetches).toBe(2)
  })

  it('are fetched again before they serve, when they grew stale while nobody came', async () => {
    const issuer = new ScriptedIssuer(a, b)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    issuer.publish(b)
    issuer.time += 601
    expect(await ask(keys, 'a')).toBe('unknown-key')
    expect(issuer.fetches).toBe(2)
  })

  it.each([
    ['max-age=120', 120],
    ['public, MAX-AGE=3600, must-revalidate', 3600],
    ['max-age="300"', 300],
    ['max-age=1', 60],
    ['no-store', 60],
    ['no-cache, max-age=7200', 60],
    ['max-age=99999999', 86_400],
    ['s-maxage=120', 600],
    ['max-age=-5', 600],
    ['', 600],
  ])('with Cache-Control "%s" are fresh for %i seconds', async (value, seconds) => {
    const issuer = new ScriptedIssuer()
    issuer.answer = () => Response.json({ keys: [a] }, { headers: { 'cache-control': value } })
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    expect(keys.status().freshUntil).toBe(issuer.time + seconds)
  })

  it('are fresh for what is left of their time in a cache on the way', async () => {
    const issuer = new ScriptedIssuer()
    const headers = { 'cache-control': 'max-age=3600', age: '3000' }
    issuer.answer = () => Response.json({ keys: [a] }, { headers })
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    expect(keys.status().freshUntil).toBe(issuer.time + 600)
  })

  it('are skipped one by one when they are of no use, with the reason kept', async () => {
    const weak = { kty: 'RSA', kid: 'weak', n: 'wQ', e: 'AQAB' }
    const issuer = new ScriptedIssuer(weak, a, { kty: 'oct', kid: 'secret', k: 'A'.repeat(64) })
    const keys = sourceOf(issuer)
    expect([await ask(keys, 'a'), await ask(keys, 'weak'), await ask(keys, 'secret', 'HS256')]).toEqual([
      'a',
      'unknown-key',
      'unknown-key',
    ])
    expect(keys.status().skipped).toEqual([
      { index: 0, problem: 'is an RSA key of less than 2048 bits' },
      { index: 2, problem: 'is a secret, which nobody must publish' },
    ])
  })
})

describe('an unknown key id', () => {
  it('is fetched for once in a cooldown, however many tokens name ids of their own', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    for (let second = 0; second < 300; second++) {
      issuer.time += 1
      expect(await ask(keys, `made-up-${second}`)).toBe('unknown-key')
    }
    expect(issuer.fetches).toBe(1 + 300 / 30)
  })

  it('that the issuer has added is found at once after the cooldown', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    issuer.publish(a, b)
    issuer.time += 29
    expect(await ask(keys, 'b')).toBe('unknown-key')
    issuer.time += 1
    expect(await ask(keys, 'b')).toBe('b')
  })

  it('is an Error that can be retried when the newest fetch failed, cached keys or not', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    issuer.die()
    expect(await ask(keys, 'b')).toBe('keys-unavailable')
    issuer.time += 60
    issuer.publish(a)
    expect(await ask(keys, 'b')).toBe('unknown-key')
    issuer.time += 60
    issuer.die()
    expect(await ask(keys, 'b')).toBe('keys-unavailable')
    expect(await ask(keys, 'a')).toBe('a')
    expect(await ask(keys, 'b')).toBe('keys-unavailable')
  })

  it('is not judged by a fetch that began long before its token arrived', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer, { cooldownSeconds: 1, timeoutSeconds: 60 })
    const go = issuer.pause()
    const first = ask(keys, 'a')
    issuer.time += 2
    const second = ask(keys, 'b')
    issuer.publish(a, b)
    go()
    expect(await first).toBe('a')
    expect(await second).toBe('b')
    expect(issuer.fetches).toBe(2)
  })

  it('waits for a fetch under way that began within the cooldown', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    const go = issuer.pause()
    const first = ask(keys, 'a')
    issuer.time += 3
    const second = ask(keys, 'b')
    go()
    expect(await Promise.all([first, second])).toEqual(['a', 'unknown-key'])
    expect(issuer.fetches).toBe(1)
  })
})

describe('the generation', () => {
  it('stays when a set comes again, in any order, and its keys stay the same objects', async () => {
    const issuer = new ScriptedIssuer(a, b)
    const keys = sourceOf(issuer)
    const before = await keys.find(wanting('a'), signal)
    const { generation } = keys
    issuer.publish(b, a)
    issuer.time += 601
    const after = await keys.find(wanting('a'), signal)
    expect(issuer.fetches).toBe(2)
    expect(keys.generation).toBe(generation)
    expect(after).toEqual(before)
    if (isCause(after) || isCause(before)) expect.fail()
    expect(after[0]).toBe(before[0])
  })

  it.each([
    ['a key comes', [a, b, edKey('c')]],
    ['a key goes', [a]],
    ['a key is another under its old id', [a, edKey('b')]],
    ['a key is given another algorithm', [a, { ...b, alg: 'EdDSA' }]],
  ])('changes when %s', async (_what, set) => {
    const issuer = new ScriptedIssuer(a, b)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    const { generation } = keys
    issuer.publish(...set)
    issuer.time += 601
    await ask(keys, 'a')
    expect(keys.generation).not.toBe(generation)
  })

  it('when read starts the refresh that is due, so that a cache of tokens need not ask for keys', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    const { generation } = keys
    issuer.publish(b)
    issuer.time += 481
    expect(keys.generation).toBe(generation)
    await settle()
    expect(keys.generation).not.toBe(generation)
  })
})

describe('the clock', () => {
  it('set back by a year makes no key live longer', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    issuer.time -= 365 * 86_400
    expect(await ask(keys, 'a')).toBe('a')
    issuer.publish(b)
    issuer.time += 601
    expect(await ask(keys, 'a')).toBe('unknown-key')
    expect(keys.status().fetchedAt).toBe(issuer.time)
  })
})

describe('on Cloudflare Workers', () => {
  it('no request waits for the fetch of another, which may never end there', async () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    issuer.answer = () => new Promise(() => {})
    const never = keys.find(wanting('a'), signal)
    issuer.publish(a)
    expect(await ask(keys, 'a')).toBe('a')
    expect(never).toBeInstanceOf(Promise)
  })
})
