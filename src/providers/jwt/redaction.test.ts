import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { encode, hmacToken, ISSUER, NOW, requestWith, rightClaims, secretKeys } from '../../../test/jwt/kit.ts'
import { authentication } from '../../core/authentication.ts'
import { jwt } from './jwt.ts'

const CANARY = 'canary-7c1f'
const typ = 'at+jwt'

/** Tokens that are refused, each for another reason, with the canary wherever a text may stand. */
const tokens: Readonly<Record<string, string>> = {
  'not a token': CANARY,
  'a header that is none': `${CANARY}.${CANARY}.${CANARY}`,
  'an unknown algorithm': hmacToken({ sub: CANARY }, { alg: CANARY, kid: CANARY }),
  'an unknown kid': hmacToken({ sub: CANARY }, { alg: 'HS256', kid: CANARY, typ }),
  'another type': hmacToken({ sub: CANARY }, { alg: 'HS256', typ: CANARY }),
  'a critical extension': hmacToken({}, { alg: 'HS256', crit: [CANARY], [CANARY]: 1 }),
  'a wrong signature': hmacToken({ ...rightClaims, sub: CANARY }, undefined, new Uint8Array(32)),
  'another issuer': hmacToken({ ...rightClaims, iss: CANARY }),
  'another audience': hmacToken({ ...rightClaims, aud: [CANARY] }),
  'a missing claim': hmacToken({ iss: CANARY, [CANARY]: CANARY }),
  'a claim of another type': hmacToken({ ...rightClaims, exp: CANARY }),
  'an expired token': hmacToken({ ...rightClaims, sub: CANARY, exp: 1 }),
  'a bound token': hmacToken({ ...rightClaims, cnf: { [CANARY]: CANARY } }),
  'claims that do not fit': hmacToken({ ...rightClaims, sub: CANARY, tenant: CANARY }),
  'claims that are not JSON': hmacToken(`{"${CANARY}`),
  'an encrypted token': `${encode({ alg: 'dir', enc: CANARY })}.${CANARY}.a.b.c`,
}

describe('jwt()', () => {
  const claims = z.object({ tenant: z.number() })
  const shared = { audience: 'https://api.example', keys: secretKeys, algorithms: ['HS256'] } as const
  const logged: unknown[] = []
  const note = (event: unknown): void => {
    logged.push(event)
  }
  const auth = authentication(
    {
      one: jwt({ issuer: ISSUER, ...shared, claims }),
      several: jwt({ issuers: { [ISSUER]: shared }, claims }),
    },
    { clock: () => NOW, listeners: [{ decision: note, error: note, fault: note }] },
  )

  it.each(Object.entries(tokens))('repeats nothing of %s', async (_what, token) => {
    for (const name of auth.names) {
      const outcome = await auth.decide(requestWith(token), name)
      expect(outcome.kind).toBe('rejected')
      const said = inspect([outcome, logged], { depth: 10, showHidden: true })
      expect(said).not.toContain(CANARY)
      expect(said).not.toContain(token.split('.')[1] ?? token)
    }
  })
})
