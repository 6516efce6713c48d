import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { z } from 'zod'
import { ENDPOINT, ISSUER, NOW, right } from '../../../test/oidc/scripted-issuer.ts'
import { authentication } from '../../core/authentication.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import { testRequest } from '../../testing/request.ts'
import { type IntrospectionClaims, introspection } from './introspection.ts'

const shared = {
  issuer: ISSUER,
  endpoint: ENDPOINT,
  audience: 'orders',
  clientId: 'api',
  clientAuthentication: { method: 'client_secret_basic', secret: 'of a test' },
} as const

const request = () => testRequest({ headers: { Authorization: 'Bearer opaque' } })

function engine(answer: object) {
  return { clock: () => NOW, fetch: async () => Response.json(answer) }
}

describe('the "claims" of introspection()', () => {
  it('make the principal what the schema makes of the answer, with its type, and frozen', async () => {
    const schema = z.object({ sub: z.string(), roles: z.string().transform((text) => text.split(' ')) })
    const auth = authentication(
      { api: introspection({ ...shared, claims: schema }) },
      engine({ ...right, roles: 'a b' }),
    )
    const outcome = await auth.decide(request(), 'api')
    if (outcome.kind !== 'authenticated') return expect.fail(outcome.kind)
    expectTypeOf(outcome.principal).toEqualTypeOf<{ sub: string; roles: string[] }>()
    expect(outcome.principal).toEqual({ sub: 'u', roles: ['a', 'b'] })
    expect(Object.isFrozen(outcome.principal.roles)).toBe(true)
  })

  it('reach "validate" as the schema has them', async () => {
    const claims = z.object({ sub: z.string().toUpperCase() })
    const api = introspection({ ...shared, claims, validate: ({ claims: { sub } }) => ({ name: sub }) })
    const auth = authentication({ api }, engine(right))
    expect(await auth.decide(request(), 'api')).toMatchObject({ kind: 'authenticated', principal: { name: 'U' } })
  })

  it('refuse an answer that does not fit: 401 missing-claim, remembered, and the schema is asked once', async () => {
    const validate = vi.fn(() => ({ issues: [{ message: 'no' }] }))
    const claims: StandardSchema<{ sub: string }> = { '~standard': { version: 1, vendor: 'test', validate } }
    const auth = authentication({ api: introspection({ ...shared, claims }) }, engine(right))
    for (let turn = 0; turn < 2; turn++) {
      const outcome = await auth.decide(request(), 'api')
      expect(outcome).toMatchObject({
        kind: 'rejected',
        response: { status: 401 },
        failures: [{ cause: { reason: 'missing-claim' } }],
      })
    }
    expect(validate).toHaveBeenCalledTimes(1)
  })

  it('are asked about active tokens alone, whose issuer and audience are right', async () => {
    const validate = vi.fn((value: unknown) => ({ value: { value } }))
    const claims: StandardSchema<{ value: unknown }> = { '~standard': { version: 1, vendor: 'test', validate } }
    for (const answer of [{ active: false }, { ...right, aud: 'billing' }, { ...right, iss: 'https://evil.example' }]) {
      const auth = authentication({ api: introspection({ ...shared, claims }) }, engine(answer))
      expect(await auth.decide(request(), 'api')).toMatchObject({ kind: 'rejected' })
    }
    expect(validate).not.toHaveBeenCalled()
  })

  it('may take their time', async () => {
    const slow = z.object({ sub: z.string() }).refine(async ({ sub }) => sub === 'u')
    const auth = authentication({ api: introspection({ ...shared, claims: slow }) }, engine(right))
    expect(await auth.decide(request(), 'api')).toMatchObject({ kind: 'authenticated', principal: { sub: 'u' } })
    const other = authentication({ api: introspection({ ...shared, claims: slow }) }, engine({ ...right, sub: 'x' }))
    expect(await other.decide(request(), 'api')).toMatchObject({ failures: [{ cause: { reason: 'missing-claim' } }] })
  })

  it('are a retryable error when the schema throws, or makes something that is no principal', async () => {
    const throwing = () => {
      throw new RangeError('of the schema')
    }
    for (const validate of [
      throwing,
      () => ({ value: 'a text' }),
      () => Promise.reject(new RangeError('of the schema')),
    ]) {
      const claims = { '~standard': { version: 1, vendor: 'test', validate } }
      const api: ReturnType<typeof introspection<IntrospectionClaims>> = Reflect.apply(introspection, undefined, [
        { ...shared, claims },
      ])
      const outcome = await authentication({ api }, engine(right)).decide(request(), 'api')
      expect(outcome).toMatchObject({ kind: 'unavailable', response: { status: 503 } })
    }
  })

  it.each([null, {}, 'x', { '~standard': {} }])('must be a schema: not %j', (claims) => {
    expect(() => Reflect.apply(introspection, undefined, [{ ...shared, claims }])).toThrow('"claims" must be')
  })
})
