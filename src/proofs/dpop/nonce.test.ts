import { calculateJwkThumbprint } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { madeProof, type ProofKey, proofKey } from '../../../test/proofs/made-proof.ts'
import { authentication } from '../../core/authentication.ts'
import type { HeaderField } from '../../core/request.ts'
import type { Outcome } from '../../core/who.ts'
import { importKey } from '../../keys/import-key.ts'
import { bearer } from '../../providers/bearer/bearer.ts'
import { memoryOneTimeStore } from '../../stores/memory/one-time-store.ts'
import { testRequest } from '../../testing/request.ts'
import { type DpopNonceOptions, dpop } from './dpop.ts'
import { thumbprintOf } from './thumbprint.ts'

const TOKEN = 'mF_9.B5f-4.1JqM'
const KEYS = ['a key of thirty-two octets, no. 1', 'a key of thirty-two octets, no. 2'] as const

let key: ProofKey
let ids = 0
let now = 1_700_000_000

beforeAll(async () => {
  key = await proofKey()
})

const store = memoryOneTimeStore()

/** One process of a service that wants nonces. */
function service(nonce: DpopNonceOptions) {
  const proofs = [dpop({ nonce, store, algorithms: ['ES256'] })]
  const validate = ({ token }: { token: string }) => (token === TOKEN ? { cnf: { jkt: key.jkt } } : null)
  const auth = authentication({ api: bearer({ validate, proofs }) }, { clock: () => now })
  return async (nonce?: string, more: readonly HeaderField[] = [], at = now): Promise<Outcome> => {
    const about = { token: TOKEN, uri: 'https://service.example/', at, jti: `jti-${ids++}`, nonce }
    const headers: HeaderField[] = [['Authorization', `DPoP ${TOKEN}`], ['DPoP', madeProof(key, about)], ...more]
    return auth.decide(testRequest({ headers }), 'api')
  }
}

/** The header fields of a name that the answer has, whatever it is. */
function fields(outcome: Outcome, wanted: string): readonly string[] {
  const all =
    'response' in outcome
      ? outcome.response.headers
      : (outcome.amendments?.headers?.({ status: 200, header: () => undefined }) ?? [])
  return all.filter(([name]) => name === wanted).map(([, value]) => value)
}

function nonceOf(outcome: Outcome): string {
  return fields(outcome, 'DPoP-Nonce')[0] ?? 'none'
}

describe('dpop(): nonces', () => {
  it('asks for a nonce with use_dpop_nonce and gives one (RFC 9449, section 9)', async () => {
    const outcome = await service({ keys: KEYS })()
    expect(fields(outcome, 'WWW-Authenticate')).toEqual([
      'Bearer realm="api"',
      'DPoP realm="api", error="use_dpop_nonce", algs="ES256"',
    ])
    expect(fields(outcome, 'DPoP-Nonce')).toHaveLength(1)
    // RFC 9449, section 8.1: NQCHAR.
    expect(nonceOf(outcome)).toMatch(/^[!#-[\]-~]+$/)
  })

  it('accepts a proof with that nonce, whatever the clock of the client says', async () => {
    const ask = service({ keys: KEYS })
    const nonce = nonceOf(await ask())
    const outcome = await ask(nonce, [], now - 86_400)
    expect(outcome.kind).toBe('authenticated')
    expect(nonceOf(outcome)).toBe('none')
  })

  it('gives the next nonce with a yes when half of the time is over, and refuses one whose time is', async () => {
    const ask = service({ keys: KEYS, lifetimeSeconds: 100 })
    const nonce = nonceOf(await ask())
    now += 51
    const aged = await ask(nonce)
    expect(aged.kind).toBe('authenticated')
    now += 48
    expect((await ask(nonceOf(aged))).kind).toBe('authenticated')
    expect((await ask(nonce)).kind).toBe('authenticated')
    now += 1
    const late = await ask(nonce)
    expect(late.kind).toBe('rejected')
    expect((await ask(nonceOf(late))).kind).toBe('authenticated')
  })

  it('is one nonce for all within a second, and another one in the next', async () => {
    const ask = service({ keys: KEYS })
    const [one, two] = [nonceOf(await ask()), nonceOf(await ask())]
    now += 1
    expect([two === one, nonceOf(await ask()) === one]).toEqual([true, false])
  })

  it('is known to every process that has the keys, while they are rotated', async () => {
    const [first, second] = KEYS
    const old = service({ keys: [first] })
    const middle = service({ keys: [first, second] })
    const rotated = service({ keys: [second, first] })
    const nonce = nonceOf(await old())
    expect((await middle(nonce)).kind).toBe('authenticated')
    expect((await rotated(nonce)).kind).toBe('authenticated')
    expect((await middle(nonceOf(await rotated()))).kind).toBe('authenticated')
    const foreign = await service({ keys: [second] })(nonce)
    expect(fields(foreign, 'WWW-Authenticate')[1]).toContain('use_dpop_nonce')
  })

  it('works without keys, in one process', async () => {
    const [ask, another] = [service({}), service({})]
    const nonce = nonceOf(await ask())
    expect((await ask(nonce)).kind).toBe('authenticated')
    expect((await another(nonce)).kind).toBe('rejected')
  })

  it('refuses every nonce that differs in one character, and one from the future', async () => {
    const ask = service({ keys: KEYS })
    const nonce = nonceOf(await ask())
    for (let at = 0; at < nonce.length; at++) {
      const other = nonce[at] === 'A' ? 'B' : 'A'
      expect((await ask(nonce.slice(0, at) + other + nonce.slice(at + 1))).kind).toBe('rejected')
    }
    for (const text of ['', 'A', 'A'.repeat(35), 'A'.repeat(5000), 'é']) expect((await ask(text)).kind).toBe('rejected')
    now -= 31
    expect((await ask(nonce)).kind).toBe('rejected')
    now += 31
    expect((await ask(nonce)).kind).toBe('authenticated')
  })

  it('is given with every refusal of a proof, and exposed to pages of other origins', async () => {
    const ask = service({ keys: KEYS })
    const other = await ask(undefined, [['DPoP', 'second']])
    expect(fields(other, 'DPoP-Nonce')).toHaveLength(1)
    expect(fields(other, 'Access-Control-Expose-Headers')).toEqual([])
    const page = await ask(undefined, [['Origin', 'https://app.example']])
    expect(fields(page, 'Access-Control-Expose-Headers')).toEqual(['DPoP-Nonce, WWW-Authenticate'])
  })
})

describe('thumbprintOf()', () => {
  it.each(['ES256', 'Ed25519', 'RS256'] as const)('agrees with jose about a key for %s', async (alg) => {
    const { jwk } = await proofKey(alg)
    expect(await thumbprintOf(importKey({ ...jwk, alg, key_ops: undefined }))).toBe(await calculateJwkThumbprint(jwk))
  })

  it('names no secret', () => {
    expect(thumbprintOf(importKey(new Uint8Array(32), { alg: 'HS256' }))).toBeUndefined()
  })
})
