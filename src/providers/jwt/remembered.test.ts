import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { decider, hmacToken, ISSUER, NOW, reasonOf, requestWith, rightClaims, secret } from '../../../test/jwt/kit.ts'
import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from '../../core/cause.ts'
import { importKey } from '../../keys/import-key.ts'
import type { KeySource } from '../../keys/key-source.ts'
import type { VerificationKey } from '../../keys/verification-key.ts'
import { type JwtClaims, type JwtCredential, jwt } from './jwt.ts'

const right = hmacToken(rightClaims)
const key = importKey(secret, { alg: 'HS256' })

/** A source whose keys change by hand. */
class Source implements KeySource {
  generation = 1
  answer: readonly VerificationKey[] | AuthenticationFailedCause = [key]
  asked = 0
  later = false

  find(): ReturnType<KeySource['find']> {
    this.asked++
    return this.later ? Promise.resolve(this.answer) : this.answer
  }

  async export(): Promise<string> {
    return ''
  }

  change(answer: readonly VerificationKey[] | AuthenticationFailedCause): void {
    this.answer = answer
    this.generation++
  }
}

/** A schema that counts how often it is asked: once for each verification. */
function counted() {
  const read = vi.fn((claims: { readonly sub: string }): JwtClaims => ({ iss: '', aud: '', ...claims }))
  const schema = z.object({ sub: z.string() }).transform((claims) => read(claims))
  return { schema, read }
}

describe('the memory of jwt()', () => {
  it('verifies a token once, and gives the same claims again', async () => {
    const { schema, read } = counted()
    const decide = decider({ claims: schema })
    const seen = [await decide(right), await decide(right), await decide(right)]
    expect(read).toHaveBeenCalledTimes(1)
    expect(new Set(seen.map(({ principal }) => principal)).size).toBe(1)
  })

  it('asks validate each time, for the request at hand', async () => {
    const answers = [{ id: 1 }, null, invalidCredentials('revoked')]
    const validate = vi.fn((_: JwtCredential<JwtClaims>) => answers.shift() ?? null)
    const auth = authentication(
      {
        api: jwt({
          issuer: ISSUER,
          audience: 'https://api.example',
          keys: new Source(),
          algorithms: ['HS256'],
          validate,
        }),
      },
      { clock: () => NOW },
    )
    const outcomes = []
    for (let round = 0; round < 3; round++) outcomes.push(await auth.decide(requestWith(right), 'api'))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['authenticated', 'rejected', 'rejected'])
    expect(validate.mock.calls[0]?.[0]).toBe(validate.mock.calls[2]?.[0])
  })

  it('judges the time each time', async () => {
    const decide = decider({ maxAgeSeconds: 600, clockToleranceSeconds: 0 })
    const token = hmacToken({ ...rightClaims, nbf: NOW, iat: NOW, exp: NOW + 100 })
    const reasons: string[] = []
    for (const now of [NOW, NOW + 99, NOW + 100, NOW + 50, NOW - 1]) reasons.push((await decide(token, now)).reason)
    expect(reasons).toEqual(['accepted', 'accepted', 'expired', 'accepted', 'not-yet-valid'])
  })

  it('dies with the key, at once', async () => {
    const keys = new Source()
    const decide = decider({ keys })
    expect((await decide(right)).reason).toBe('accepted')
    keys.change([importKey(new Uint8Array(32).fill(9), { alg: 'HS256' })])
    expect((await decide(right)).reason).toBe('bad-signature')
    keys.change(invalidCredentials('unknown-key'))
    expect((await decide(right)).reason).toBe('unknown-key')
    keys.change(new AuthenticationFailedCause.Error('keys are unreachable'))
    expect(await decide(right)).toMatchObject({ status: 503, reason: 'Error' })
    keys.change([key])
    expect((await decide(right)).reason).toBe('accepted')
  })

  it('survives a rotation that keeps the key, without verifying anew', async () => {
    for (const later of [false, true]) {
      const { schema, read } = counted()
      const keys = new Source()
      keys.later = later
      const decide = decider({ keys, claims: schema })
      await decide(right)
      keys.change([importKey(new Uint8Array(32).fill(9), { alg: 'HS256' }), key])
      expect((await decide(right)).reason).toBe('accepted')
      expect(read).toHaveBeenCalledTimes(1)
    }
  })

  it('asks the source again only when its generation changed', async () => {
    const keys = new Source()
    const decide = decider({ keys })
    for (let round = 0; round < 5; round++) await decide(right)
    for (let round = 0; round < 5; round++) await decide(hmacToken({ ...rightClaims, jti: `${round}` }))
    expect(keys.asked).toBe(1)
    keys.change([key])
    await decide(right)
    await decide(right)
    expect(keys.asked).toBe(2)
  })

  it('remembers no token that was refused', async () => {
    const { schema, read } = counted()
    const decide = decider({ claims: schema })
    const [header, payload, signature = ''] = right.split('.')
    const forged = `${header}.${payload}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`
    expect((await decide(forged)).reason).toBe('bad-signature')
    expect((await decide(right)).reason).toBe('accepted')
    expect((await decide(forged)).reason).toBe('bad-signature')
    expect(read).toHaveBeenCalledTimes(1)
  })

  it('can be turned off, and be small', async () => {
    const off = counted()
    const without = decider({ claims: off.schema, cache: false })
    await without(right)
    await without(right)
    expect(off.read).toHaveBeenCalledTimes(2)
    const small = counted()
    const little = decider({ claims: small.schema, cache: { maxEntries: 2 } })
    for (let round = 0; round < 3; round++) await little(hmacToken({ ...rightClaims, jti: `${round}` }))
    await little(hmacToken({ ...rightClaims, jti: '0' }))
    expect(small.read).toHaveBeenCalledTimes(4)
  })

  it('takes a source that answers no keys for one that cannot decide', async () => {
    const keys = new Source()
    const decide = decider({ keys })
    for (const answer of [undefined, 'key', [{}], [secret]]) {
      keys.change(Reflect.get(Object({ answer }), 'answer'))
      expect(await decide(right)).toMatchObject({ status: 503, reason: 'Error' })
    }
    expect(reasonOf(invalidCredentials('unknown'))).toBe('unknown')
  })
})
