import { authentication } from 'becauth'
import { type JwtClaims, jwt } from 'becauth/jwt'
import { discoveredKeys, jwks } from 'becauth/keys'
import { describe, expect, it } from 'vitest'
import { fakeIssuer } from './fake-issuer.ts'
import { testRequest } from './request.ts'
import { testClock } from './test-clock.ts'

async function made(options: { issuer?: string; discovered?: boolean } = {}) {
  const clock = testClock()
  const fake = await fakeIssuer({ issuer: options.issuer, clock: clock.now })
  const settings = { fetch: fake.fetch, clock: clock.now }
  const keys = options.discovered ? discoveredKeys(fake.issuer, settings) : jwks(fake.jwksUri, settings)
  const api = jwt<JwtClaims>({ issuer: fake.issuer, audience: 'https://api.example', keys })
  const auth = authentication({ api }, { clock: clock.now })
  const ask = async (token: string): Promise<string> => {
    const outcome = await auth.decide(testRequest({ headers: { Authorization: `Bearer ${token}` } }), 'api')
    if (outcome.kind === 'authenticated') return String(outcome.principal.sub)
    const cause = outcome.failures[0]?.cause
    return cause?.kind === 'InvalidCredentials' ? String(cause.reason) : String(cause?.kind)
  }
  return { clock, fake, ask }
}

describe('fakeIssuer()', () => {
  it.each(['https://issuer.example', 'https://issuer.example/tenant'])(
    'is found by its metadata at %s, and its tokens are accepted',
    async (issuer) => {
      const { fake, ask } = await made({ issuer, discovered: true })
      expect(await ask(await fake.token())).toBe('user')
      expect(fake.fetched).toEqual([`${issuer}/.well-known/openid-configuration`, `${issuer}/jwks.json`])
    },
  )

  it('makes tokens that are refused, each for the one thing that is wrong', async () => {
    const { fake, ask, clock } = await made()
    expect(await ask(await fake.token({ claims: { sub: 'ada' } }))).toBe('ada')
    expect(await ask(await fake.token({ claims: { jti: undefined } }))).toBe('missing-claim')
    expect(await ask(await fake.token({ claims: { aud: 'https://other.example' } }))).toBe('wrong-audience')
    expect(await ask(await fake.token({ typ: null }))).not.toBe('user')
    const token = await fake.token()
    clock.advance(606)
    expect(await ask(token)).toBe('expired')
  })

  it('rotates and withdraws keys', async () => {
    const { fake, ask, clock } = await made()
    const [old = ''] = fake.kids
    const token = await fake.token()
    expect(await ask(token)).toBe('user')
    const next = await fake.rotate()
    expect(fake.kids).toEqual([old, next])
    clock.advance(31)
    expect(await ask(await fake.token())).toBe('user')
    expect(await ask(token)).toBe('user')
    fake.withdraw(old)
    await fake.rotate()
    clock.advance(31)
    expect(await ask(await fake.token())).toBe('user')
    expect(await ask(token)).toBe('unknown-key')
    await expect(fake.token({ kid: 'none' })).rejects.toThrow('"kid"')
  })

  it('can be down, and comes back', async () => {
    const { fake, ask, clock } = await made()
    fake.answerWith(() => {
      throw new TypeError('down')
    })
    expect(await ask(await fake.token())).toBe('Error')
    fake.answerWith(undefined)
    clock.advance(31)
    expect(await ask(await fake.token())).toBe('user')
  })
})
