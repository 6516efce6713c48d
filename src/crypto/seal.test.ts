import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import * as onNode from './seal.ts'

vi.resetModules()
vi.doMock('#crypto', () => import('./web.ts'))
const onWeb = await import('./seal.ts')

const old = { id: '2024', key: 'an old key, which is long enough!' }
const current = { id: '2025', key: new Uint8Array(32).fill(7) }
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const grammar = /^e1\.2025\.[\w-]{22}\.[\w-]{38,}$/

describe.each([
  ['Node', onNode],
  ['Web Crypto', onWeb],
])('createSealer() on %s', (_name, { createSealer }) => {
  const sealer = createSealer([current, old])

  it('opens what it sealed, for any octets', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
        const text = await sealer.seal('session', 'sid', bytes)
        expect(text).toMatch(grammar)
        expect(await sealer.open('session', 'sid', text)).toEqual({ bytes: expect.any(Uint8Array), stale: false })
        expect(Uint8Array.from((await sealer.open('session', 'sid', text))?.bytes ?? [])).toEqual(bytes)
      }),
      { numRuns: 50 },
    )
  })

  it('seals the same octets into another text each time, under one salt', async () => {
    const texts: string[] = []
    for (let count = 0; count < 100; count++) texts.push(await sealer.seal('session', 'sid', ascii('same')))
    expect(new Set(texts).size).toBe(100)
    expect(new Set(texts.map((text) => text.slice(8, 30))).size).toBe(1)
  })

  it('takes another salt for each sealer, and opens what others with the same ring sealed', async () => {
    const another = createSealer([current, old])
    const text = await another.seal('session', 'sid', ascii('theirs'))
    expect(text.slice(8, 30)).not.toBe((await sealer.seal('session', 'sid', ascii('ours'))).slice(8, 30))
    for (let times = 0; times < 3; times++)
      expect(await sealer.open('session', 'sid', text)).toMatchObject({ stale: false })
  })

  it('takes another salt when one has sealed as often as it may', async () => {
    const short = createSealer([current], { sealsPerSalt: 2 })
    const texts: string[] = []
    for (let count = 0; count < 5; count++) texts.push(await short.seal('session', 'sid', Uint8Array.of(count)))
    const salts = texts.map((text) => text.slice(8, 30))
    expect(new Set(salts).size).toBe(3)
    expect(salts[0]).toBe(salts[1])
    expect(salts[2]).toBe(salts[3])
    for (const [count, text] of texts.entries()) {
      expect((await short.open('session', 'sid', text))?.bytes[0]).toBe(count)
    }
  })

  it('opens seals of more processes than it keeps subkeys for', async () => {
    const texts: string[] = []
    const busy = createSealer([current], { sealsPerSalt: 1 })
    for (let count = 0; count < 1100; count++) texts.push(await busy.seal('session', 'sid', ascii('x')))
    for (const text of [...texts, ...texts.slice(0, 10)])
      expect(await sealer.open('session', 'sid', text)).toBeDefined()
  })

  it('refuses every flipped bit of the text (F24, D37)', async () => {
    const text = await sealer.seal('session', 'sid', ascii('{"user":"anna","admin":false}'))
    for (let index = 0; index < text.length; index++) {
      for (let bit = 0; bit < 16; bit++) {
        const flipped = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit))
        const forged = text.slice(0, index) + flipped + text.slice(index + 1)
        expect(await sealer.open('session', 'sid', forged), `bit ${bit} of character ${index}`).toBe(undefined)
      }
    }
  })

  it('refuses every other digit in every place, so that each seal has one spelling', async () => {
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const text = await sealer.seal('session', 'sid', ascii('x'))
    for (let index = 8; index < text.length; index++) {
      for (const digit of digits) {
        if (digit === text[index]) continue
        expect(await sealer.open('session', 'sid', text.slice(0, index) + digit + text.slice(index + 1))).toBe(
          undefined,
        )
      }
    }
  })

  it('refuses what was cut off, added to, or padded', async () => {
    const text = await sealer.seal('session', 'sid', ascii('some text'))
    for (let length = 0; length < text.length; length++) {
      expect(await sealer.open('session', 'sid', text.slice(0, length))).toBe(undefined)
    }
    for (const more of ['A', 'AA', 'AAAA', '=', '==', '.', ' ', '\n', '.AAAA']) {
      expect(await sealer.open('session', 'sid', text + more)).toBe(undefined)
      expect(await sealer.open('session', 'sid', more + text)).toBe(undefined)
    }
  })

  it('refuses a seal that was moved to another name, kind or key (F24b)', async () => {
    const text = await sealer.seal('session', 'sid', ascii('x'))
    expect(await sealer.open('session', 'sid2', text)).toBe(undefined)
    expect(await sealer.open('session', 'si', text)).toBe(undefined)
    expect(await sealer.open('sessions', 'id', text)).toBe(undefined)
    expect(await sealer.open('remember', 'sid', text)).toBe(undefined)
    expect(await sealer.open('session', 'sid', text.replace('e1.2025.', 'e1.2024.'))).toBe(undefined)
    const renamed = createSealer([{ id: 'x', key: current.key }])
    expect(await renamed.open('session', 'sid', text.replace('e1.2025.', 'e1.x.'))).toBe(undefined)
    expect(await sealer.open('session', 'sid', text)).toBeDefined()
  })

  it('opens under an old key and says that it is stale, and nothing under a key that was taken out (F24b)', async () => {
    const text = await createSealer([old]).seal('session', 'sid', ascii('x'))
    expect(await sealer.open('session', 'sid', text)).toMatchObject({ stale: true })
    const rotated = createSealer([current])
    expect(await rotated.open('session', 'sid', text)).toBe(undefined)
    expect(rotated.reasonOf(text)).toBe('unknown-key')
    const reused = createSealer([{ id: old.id, key: current.key }])
    expect(await reused.open('session', 'sid', text)).toBe(undefined)
    expect(reused.reasonOf(text)).toBe('bad-signature')
  })

  it('answers undefined, and throws nothing, at any text', async () => {
    const salt = 'A'.repeat(22)
    const near = fc
      .tuple(fc.constantFrom('e1', 'e2', 'E1', ''), fc.constantFrom('2025', '2024', '', '__proto__'), fc.base64String())
      .map((parts) => parts.join('.'))
    const nearer = fc.base64String({ minLength: 36 }).map((payload) => `e1.2025.${salt}.${payload.replaceAll('=', '')}`)
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), near, nearer), async (text) => {
        expect(await sealer.open('session', 'sid', text)).toBe(undefined)
        expect(['malformed-credential', 'unknown-key', 'bad-signature']).toContain(sealer.reasonOf(text))
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['', 'malformed-credential'],
    ['e1.2025', 'malformed-credential'],
    [`e1.2025.${'A'.repeat(22)}.`, 'malformed-credential'],
    [`e1.2025.${'A'.repeat(22)}.${'A'.repeat(36)}`, 'malformed-credential'],
    [`e1.2025.${'A'.repeat(21)}B.${'A'.repeat(38)}`, 'malformed-credential'],
    [`e1.2025.${'A'.repeat(22)}.${'A'.repeat(38)}`, 'bad-signature'],
    [`e1.2023.${'A'.repeat(22)}.${'A'.repeat(38)}`, 'unknown-key'],
    [`e2.2025.${'A'.repeat(22)}.${'A'.repeat(38)}`, 'malformed-credential'],
  ])('tells of %j that it is %s', (text, reason) => {
    expect(sealer.reasonOf(text)).toBe(reason)
  })

  it('seals in parallel from the start', async () => {
    const fresh = createSealer([current])
    const texts = await Promise.all(
      Array.from({ length: 20 }, (_, index) => fresh.seal('a', 'b', Uint8Array.of(index))),
    )
    const opened = await Promise.all(texts.map((text) => fresh.open('a', 'b', text)))
    expect(opened.map((one) => one?.bytes[0])).toEqual(Array.from({ length: 20 }, (_, index) => index))
  })

  it('keeps its own copy of a key', async () => {
    const key = new Uint8Array(32).fill(9)
    const holder = createSealer([{ id: 'k', key }])
    const before = await holder.seal('a', 'b', ascii('x'))
    key.fill(0)
    expect(await createSealer([{ id: 'k', key: new Uint8Array(32).fill(9) }]).open('a', 'b', before)).toBeDefined()
    expect(await createSealer([{ id: 'k', key }]).open('a', 'b', before)).toBe(undefined)
  })

  it.each([
    [undefined, '"keys" must be a list of at least one { id, key }'],
    [[], '"keys" must be a list of at least one { id, key }'],
    [[undefined], 'every "id" in "keys" must be 1 to 16 letters, digits, "_" or "-"'],
    [[{ id: 'a.b', key: current.key }], 'every "id" in "keys" must be 1 to 16 letters, digits, "_" or "-"'],
    [[{ id: 'x'.repeat(17), key: current.key }], 'every "id" in "keys" must be 1 to 16 letters, digits, "_" or "-"'],
    [[{ id: 'a', key: 'canary: 31 characters are short' }], 'every "key" in "keys" must have at least 32 bytes'],
    [[{ id: 'a' }], 'every "key" in "keys" must have at least 32 bytes'],
    [[current, old, current], 'every "id" in "keys" must be there once'],
  ])('refuses the ring %# in a sentence that shows no key', (keys, sentence) => {
    expect(() => Reflect.apply(createSealer, undefined, [keys, { owner: 'sealedSessions()' }])).toThrow(
      new TypeError(`sealedSessions(): ${sentence}`),
    )
  })
})

it('Node and Web Crypto open each other’s seals', async () => {
  const [node, web] = [onNode.createSealer([current]), onWeb.createSealer([current])]
  expect(await web.open('a', 'b', await node.seal('a', 'b', ascii('from Node')))).toBeDefined()
  expect(await node.open('a', 'b', await web.seal('a', 'b', ascii('from the web')))).toBeDefined()
})

it('Node seals and opens at once', () => {
  const sealer = onNode.createSealer([current])
  const text = sealer.seal('a', 'b', ascii('x'))
  expect(typeof text).toBe('string')
  expect(typeof text === 'string' && sealer.open('a', 'b', text)).toMatchObject({ stale: false })
})
