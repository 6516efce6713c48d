import { generateKeyPairSync } from 'node:crypto'
import { staticKeys } from 'becauth/keys'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Decide, decider, hmacToken, rightClaims, signedToken } from './kit.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()

const kinds: readonly (readonly [name: string, decide: Decide, token: string])[] = [
  ['HS256', decider({ profile: 'any' }), hmacToken(rightClaims, { alg: 'HS256', kid: 'one' })],
  [
    'EdDSA',
    decider({ keys: staticKeys([pem]), algorithms: ['EdDSA'] }),
    signedToken(rightClaims, { alg: 'EdDSA', typ: 'at+jwt' }, privateKey),
  ],
]

/** Changes a token somewhere. */
function mutation(token: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: token.length })
  const character = fc.oneof(
    fc.constantFrom(...ALPHABET),
    fc.constantFrom('.', '=', '+', '/', '~', ' ', ',', '\t', '"', 'é', '\u0000'),
  )
  const other = (index: number, to: string): string => `${token.slice(0, index)}${to}${token.slice(index + 1)}`
  const segments = token.split('.')
  return fc
    .oneof(
      fc.tuple(at, character).map(([index, to]) => other(index, to)),
      fc.tuple(at, character).map(([index, to]) => `${token.slice(0, index)}${to}${token.slice(index)}`),
      at.map((index) => token.slice(0, index)),
      at.map((index) => token.slice(index)),
      fc.tuple(at, at).map(([from, to]) => token.slice(0, Math.min(from, to)) + token.slice(Math.max(from, to))),
      at.map((index) => `${token.slice(0, index)}${token}`),
      fc.shuffledSubarray(segments).map((some) => some.join('.')),
      fc.array(fc.constantFrom(...segments), { maxLength: 5 }).map((some) => some.join('.')),
      fc
        .tuple(fc.nat({ max: 2 }), fc.string())
        .map(([index, text]) => segments.with(index, Buffer.from(text).toString('base64url')).join('.')),
    )
    .filter((mutated) => mutated.trim() !== token)
}

describe('a valid token', () => {
  it.each(kinds)('of %s is refused after any mutation', async (_name, decide, token) => {
    expect((await decide(token)).status).toBe(200)
    await fc.assert(
      fc.asyncProperty(mutation(token), async (mutated) => {
        const { status, reason } = await decide(mutated)
        expect([400, 401]).toContain(status)
        expect(reason).not.toBe('Error')
      }),
      { numRuns: 3000 },
    )
    expect((await decide(token)).status).toBe(200)
  })
})

describe('a text that is no token', () => {
  it.each(kinds)('is refused by a jwt() for %s, which never throws', async (_name, decide) => {
    const json = fc.json().map((text) => Buffer.from(text).toString('base64url'))
    const segment = fc.oneof(json, fc.string({ unit: 'binary' }), fc.base64String())
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(segment, { maxLength: 6 }).map((all) => all.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(text, async (any) => {
        const { status } = await decide(any)
        expect([400, 401]).toContain(status)
      }),
      { numRuns: 1500 },
    )
  })
})
