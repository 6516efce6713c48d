import { afterEach, describe, expect, it, vi } from 'vitest'
import { ask, say, sourceOf } from '../../test/keys/asking.ts'
import { edKey, nonsense, ScriptedIssuer, wanting } from '../../test/keys/scripted-issuer.ts'

const { signal } = new AbortController()

const a = edKey('a')
const b = edKey('b')

afterEach(() => {
  vi.useRealTimers()
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
