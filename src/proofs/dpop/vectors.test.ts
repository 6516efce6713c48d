import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import type { HeaderField } from '../../core/request.ts'
import type { Outcome } from '../../core/who.ts'
import { importKey } from '../../keys/import-key.ts'
import { bearer } from '../../providers/bearer/bearer.ts'
import { testRequest } from '../../testing/request.ts'
import { parseChallenges } from '../../wire/challenges.ts'
import { dpop } from './dpop.ts'
import { thumbprintOf } from './thumbprint.ts'

interface Case {
  readonly id: string
  readonly section: string
  readonly proof?: string
  readonly header?: { readonly jwk?: object }
  readonly payload?: { readonly iat: number; readonly cnf?: object }
  readonly jkt?: string
  readonly request?: { readonly method: string; readonly url: string }
  readonly access_token?: string
  readonly www_authenticate?: string
  readonly expected?: unknown
}

const file = new URL('../../../../shared/vectors/06-misc/dpop.json', import.meta.url)
const present = existsSync(file)

function cases(): readonly Case[] {
  const vectors: { readonly cases: readonly Case[] } = present ? JSON.parse(readFileSync(file, 'utf8')) : { cases: [] }
  return vectors.cases
}

async function ask({ proof = '', payload, jkt, request, access_token: token = 'none' }: Case, later = 0) {
  const auth = authentication(
    { api: bearer({ validate: () => ({ cnf: { jkt } }), proofs: [dpop()] }) },
    { clock: () => (payload?.iat ?? 0) + later },
  )
  const url = new URL(request?.url ?? '')
  const headers: HeaderField[] = [
    ['Authorization', `DPoP ${token}`],
    ['DPoP', proof],
    ['Host', url.host],
  ]
  return auth.decide(testRequest({ method: request?.method, target: url.pathname, headers }), 'api')
}

function detail(outcome: Outcome): string {
  const cause = outcome.failures[0]?.cause
  return cause?.kind === 'InvalidCredentials' ? `${cause.detail}` : outcome.kind
}

const proofs = cases().filter(({ proof }) => proof !== undefined)
const forResources = proofs.filter(({ access_token: token }) => token !== undefined)
const forTokenEndpoints = proofs.filter(({ access_token: token }) => token === undefined)
const challenges = cases().filter(({ www_authenticate: value }) => value !== undefined)

describe.skipIf(!present)('dpop(): the examples of RFC 9449', () => {
  it('are all there', () => {
    expect([forResources.length, forTokenEndpoints.length, challenges.length]).toEqual([1, 3, 3])
  })

  it.each(forResources)('$id, $section: accepts the proof at its time and not later', async (example) => {
    expect((await ask(example)).kind).toBe('authenticated')
    expect(detail(await ask(example, 91))).toContain('"iat"')
  })

  it.each(forTokenEndpoints)('$id, $section: misses only what token endpoints do not want', async (example) => {
    expect(detail(await ask(example))).toContain('lacks "jti", "htm", "htu", "iat" or "ath"')
  })

  it.each(proofs)('$id, $section: names the key as the RFC does', async ({ header, jkt }) => {
    expect(await thumbprintOf(importKey({ ...header?.jwk }))).toBe(jkt)
  })

  it.each(challenges)('$id, $section: reads the challenges', ({ www_authenticate: value = '', expected }) => {
    const read = parseChallenges(value)?.map(({ scheme, parameters }) => ({
      scheme: scheme.toLowerCase(),
      params: Object.fromEntries(parameters ?? []),
    }))
    expect(read).toEqual(expected)
  })
})
