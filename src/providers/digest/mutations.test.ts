import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { challengesOf, respond } from '../../../test/digest/client.ts'
import { authentication } from '../../core/authentication.ts'
import { testRequest } from '../../testing/request.ts'
import { hasScheme, parseAuthorization } from '../../wire/authorization.ts'
import { parseExtendedValue } from '../../wire/extended-value.ts'
import { digest } from './digest.ts'

const known = [
  'username',
  'username*',
  'realm',
  'nonce',
  'uri',
  'response',
  'algorithm',
  'qop',
  'nc',
  'cnonce',
  'opaque',
  'userhash',
]
const login = { username: 'Mufasa', password: 'Circle of Life', uri: '/dir/index.html?a=b', nc: 10 }
const characters = fc.oneof(
  fc.constantFrom(...'"\\,=  \t%:0aA/?'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)

function service() {
  const auth = authentication({
    d: digest({
      realm: 'r',
      secret: (name) => (name === 'Mufasa' ? 'Circle of Life' : null),
      algorithms: ['SHA-256', 'MD5'],
      qop: ['auth', 'auth-int'],
      opaque: 'opaque',
      usernames: ['Mufasa'],
    }),
  })
  const decide = (value: string) =>
    Promise.resolve(auth.decide(testRequest({ target: login.uri, headers: { Authorization: value } }), 'd'))
  const challenged = async () => challengesOf(await Promise.resolve(auth.decide(testRequest(), 'd')))[0]
  return { decide, challenged }
}

/** What a header says to this service, however it is written; `undefined` when it says nothing. */
function meaning(value: string): string | undefined {
  const parameters = parseAuthorization(value)?.parameters
  if (parameters === undefined || !hasScheme(value, 'digest')) return undefined
  return JSON.stringify(
    known.map((name) => {
      const text = parameters.get(name)
      if (name === 'username*') return text === undefined ? text : (parseExtendedValue(text)?.value ?? 'unreadable')
      return name === 'algorithm' || name === 'userhash' ? text?.toLowerCase() : text
    }),
  )
}

describe('digest() and headers that nobody should send', () => {
  it('never throws and never lets in, whatever the header', async () => {
    const { decide, challenged } = service()
    const parts = respond(await challenged(), login)
      .slice('Digest '.length)
      .split(', ')
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.oneof(fc.constantFrom(...parts), fc.string({ unit: 'binary' })), { maxLength: parts.length - 1 })
        .map((some) => `Digest ${some.join(', ')}`),
    )
    await fc.assert(
      fc.asyncProperty(header, async (value) => {
        expect(await decide(value)).toMatchObject({ kind: 'rejected' })
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['a plain header', {}],
    ['a header with a hashed name', { userhash: true }],
    ['a header with username*', { extended: true }],
  ])('refuses every change of one character that changes the meaning of %s, and no other', async (_what, how) => {
    const { decide, challenged } = service()
    const challenge = await challenged()
    const seen = { same: 0, other: 0 }
    let nc = 0
    const attempt = async (change: (valid: string) => string) => {
      nc += 1
      const valid = respond(challenge, { ...login, ...how, nc })
      const value = change(valid)
      const isSame = meaning(value) === meaning(valid)
      const { kind } = await decide(value)
      expect([value, kind]).toEqual([value, isSame ? 'authenticated' : 'rejected'])
      seen[isSame ? 'same' : 'other'] += 1
    }
    const { length } = respond(challenge, { ...login, ...how, nc: 1 })
    for (let at = 0; at < length; at++) {
      await attempt((valid) => valid.slice(0, at) + valid.slice(at + 1))
      await attempt((valid) => valid.slice(0, at) + flipped(valid.charAt(at)) + valid.slice(at + 1))
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), characters, fc.boolean(), async (at, character, replaces) => {
        await attempt((valid) => valid.slice(0, at) + character + valid.slice(replaces ? at + 1 : at))
      }),
      { numRuns: 2000 },
    )
    expect(seen.other).toBeGreaterThan(1000)
    expect(seen.same).toBeGreaterThan(20)
  })
})

/** The other case of a letter, the next of anything else. */
function flipped(character: string): string {
  const upper = character.toUpperCase()
  if (upper !== character) return upper
  const lower = character.toLowerCase()
  return lower === character ? String.fromCharCode(character.charCodeAt(0) + 1) : lower
}
