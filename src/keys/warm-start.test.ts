import { describe, expect, it } from 'vitest'
import { ask, sourceOf } from '../../test/keys/asking.ts'
import { edKey, ScriptedIssuer } from '../../test/keys/scripted-issuer.ts'
import { jwks } from './index.ts'

const a = edKey('a')
const b = edKey('b')

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
