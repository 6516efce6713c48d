import { afterEach, describe, expect, it, vi } from 'vitest'
import { edKey, jwksUrl, nonsense, ScriptedIssuer, wanting } from '../../test/keys/scripted-issuer.ts'
import { isCause } from '../core/cause.ts'
import { type FetchedKeySource, type FetchedKeysOptions, jwks, type KeySource } from './index.ts'

const { signal } = new AbortController()

const a = edKey('a')
const b = edKey('b')

function sourceOf(issuer: ScriptedIssuer, options: FetchedKeysOptions = {}): FetchedKeySource {
  return jwks(jwksUrl, { fetch: issuer.fetch, clock: issuer.clock, ...options })
}

/** Answers the ids of what was found, the reason of a refusal, or the code of an error. */
async function ask(keys: KeySource, kid: string | undefined, alg?: string): Promise<string> {
  return say(await keys.find(wanting(kid, alg), new AbortController().signal))
}

function say(found: Awaited<ReturnType<KeySource['find']>>): string {
  if (!isCause(found)) return found.map((key) => key.kid ?? 'nameless').join()
  if (found.kind === 'Error') return `${found.code}${found.retryable ? '' : ' (final)'}`
  return found.kind === 'InvalidCredentials' ? String(found.reason) : found.kind
}

/** Lets a fetch in the background come to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

afterEach(() => {
  vi.useRealTimers()
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

describe('an outage of the issuer', () => {
  it.each(Object.keys(nonsense))('by %s leaves the known keys as they are', async (what) => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    const { generation } = keys
    issuer.answer = nonsense[what] ?? expect.fail()
    issuer.time += 500
    expect(await ask(keys, 'a')).toBe('a')
    await vi.waitFor(() => expect(keys.status().failure).toBeDefined())
    expect(await ask(keys, 'evil')).toBe('keys-unavailable')
    issuer.time += 86_400 - 501
    expect(await ask(keys, 'a')).toBe('a')
    expect(keys.generation).toBe(generation)
    issuer.time += 1
    expect(await ask(keys, 'a')).toBe('keys-unavailable')
    expect(keys.generation).not.toBe(generation)
  })

  it('in which the issuer hangs ends each fetch in time, also when `fetch` does not heed its signal', async () => {
    vi.useFakeTimers()
    const issuer = new ScriptedIssuer(a)
    issuer.answer = () => new Promise(() => {})
    const keys = sourceOf(issuer)
    const asked = ask(keys, 'a')
    await vi.advanceTimersByTimeAsync(4999)
    expect(keys.status().failure).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(await asked).toBe('keys-unavailable')
    expect(keys.status().failure).toMatchObject({ retryable: true, cause: { code: 'keys-timeout' } })
  })

  it('in which the issuer hangs makes nobody wait who has a known key', async () => {
    vi.useFakeTimers()
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    issuer.hang()
    issuer.time += 500
    expect(keys.find(wanting('a'), signal)).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(5000)
    issuer.time += 500
    for (let second = 0; second < 100; second++) {
      issuer.time += 1
      expect(keys.find(wanting('a'), signal)).toHaveLength(1)
      await vi.advanceTimersByTimeAsync(1000)
    }
  })

  it('is asked about less and less often, and its end is noticed within the cooldown', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    issuer.die()
    const begun: number[] = []
    for (let second = 0; second < 120; second++) {
      const before = issuer.fetches
      for (let request = 0; request < 20; request++) expect(await ask(keys, 'a')).toBe('keys-unavailable')
      if (issuer.fetches > before) begun.push(second)
      issuer.time += 1
    }
    expect(begun).toEqual([0, 1, 3, 7, 15, 31, 61, 91])
    issuer.publish(a)
    issuer.time += 1
    expect(await ask(keys, 'a')).toBe('a')
  })

  it('says in Retry-After when the next fetch may be', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    issuer.die()
    const seconds: unknown[] = []
    for (let turn = 0; turn < 7; turn++) {
      await ask(keys, 'a')
      seconds.push(keys.status().failure?.retryAfterSeconds)
      issuer.time += 30
    }
    expect(seconds).toEqual([1, 2, 4, 8, 16, 30, 30])
  })

  it('with `staleIfErrorSeconds: 0` ends the keys when they are no longer fresh', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer, { staleIfErrorSeconds: 0 })
    await ask(keys, 'a')
    issuer.die()
    issuer.time += 599
    expect(await ask(keys, 'a')).toBe('a')
    issuer.time += 1
    expect(await ask(keys, 'a')).toBe('keys-unavailable')
  })

  it('during which keys rotate leaves the old ones, then takes the new set as a whole', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    issuer.die()
    issuer.time += 601
    expect([await ask(keys, 'a'), await ask(keys, 'b')]).toEqual(['a', 'keys-unavailable'])
    issuer.publish(b)
    issuer.time += 31
    expect([await ask(keys, 'b'), await ask(keys, 'a')]).toEqual(['b', 'unknown-key'])
    expect(keys.status().failure).toBeUndefined()
  })

  it('ends for a caller that goes away, and for nobody else', async () => {
    const issuer = new ScriptedIssuer(a)
    const keys = sourceOf(issuer)
    const go = issuer.pause()
    const leaving = new AbortController()
    const gone = Promise.resolve(keys.find(wanting('a'), leaving.signal))
    const staying = ask(keys, 'a')
    leaving.abort()
    expect(say(await gone)).toBe('keys-unavailable')
    expect(say(await keys.find(wanting('a'), leaving.signal))).toBe('keys-unavailable')
    go()
    expect(await staying).toBe('a')
    expect(issuer.fetches).toBe(1)
  })

  it('is told without anything of what was fetched', async () => {
    const issuer = new ScriptedIssuer()
    issuer.answer = () => new Response('canary-7f3a')
    const keys = sourceOf(issuer)
    await ask(keys, 'a')
    const { failure } = keys.status()
    expect(failure?.cause).toMatchObject({ code: 'keys-malformed' })
    expect(`${failure?.stack} ${JSON.stringify(failure)} ${String(failure?.cause)}`).not.toContain('canary')
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

describe('a warm start', () => {
  it('knows the keys of an earlier run without any fetch', async () => {
    const issuer = new ScriptedIssuer(a, { ...b, alg: 'EdDSA' })
    const text = await sourceOf(issuer).export()
    issuer.die()
    issuer.time += 300
    const keys = sourceOf(issuer, { warmStart: text })
    expect([await ask(keys, 'a'), await ask(keys, 'b'), await ask(keys, 'b', 'Ed25519')]).toEqual([
      'a',
      'b',
      'unknown-key',
    ])
    expect(issuer.fetches).toBe(1)
    expect(await keys.export()).toBe(text)
  })

  it('makes its keys no younger: they live to the limit that they had', async () => {
    const issuer = new ScriptedIssuer(a)
    const text = await sourceOf(issuer).export()
    issuer.die()
    issuer.time += 86_399
    const keys = sourceOf(issuer, { warmStart: text })
    expect(await ask(keys, 'a')).toBe('a')
    issuer.time += 1
    expect(await ask(keys, 'a')).toBe('keys-unavailable')
  })

  it('takes keys from the future for keys of now', async () => {
    const issuer = new ScriptedIssuer(a)
    const text = await sourceOf(issuer).export()
    issuer.time -= 1_000_000
    expect(sourceOf(issuer, { warmStart: text }).status().fetchedAt).toBe(issuer.time)
  })

  it('refuses another issuer\'s keys, and anything that "export()" did not write', async () => {
    const issuer = new ScriptedIssuer(a)
    const text = await sourceOf(issuer).export()
    expect(() => jwks('https://other.example/jwks.json', { warmStart: text })).toThrow(
      new TypeError('jwks(): "warmStart" has the keys of somebody else'),
    )
    for (const other of ['', '{}', 'null', '[]', text.slice(1), text.replace('"format":1', '"format":2')]) {
      expect(() => sourceOf(issuer, { warmStart: other })).toThrow('"warmStart" must be what "export()" wrote')
    }
  })

  it('cannot be written while keys cannot be fetched', async () => {
    const issuer = new ScriptedIssuer()
    issuer.die()
    await expect(sourceOf(issuer).export()).rejects.toMatchObject({ kind: 'Error', code: 'keys-unavailable' })
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
