import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { importKey, type Jwk, staticKeys } from 'becauth/keys'
import { afterAll, describe, expect, it } from 'vitest'
import { type Decide, decider, encode } from './kit.ts'

type Algorithm = 'HS256' | 'RS256' | 'ES256'

interface AttackCase {
  readonly id: string
  readonly group: string
  /** Left out where the token is too long to be written down. */
  readonly token?: string
  /** What a verifier must do. Where it leaves a choice, `reasons` has ours. */
  readonly expected: 'accept' | 'reject' | 'reject-or-safe' | 'reject-or-last-wins' | 'reject-or-accept-documented'
  readonly key?: Algorithm
}

interface AttackFile {
  readonly clock: number
  readonly keys: Readonly<Record<Algorithm, Jwk & { readonly k?: string }>>
  readonly cases: readonly AttackCase[]
}

const file: AttackFile = JSON.parse(
  readFileSync(new URL('../vectors/04-jose/attack-tokens.json', import.meta.url), 'utf8'),
)

/** Why tokens of a group are refused. */
const byGroup: Readonly<Record<string, string>> = {
  'alg-none': 'malformed-credential',
  'key-confusion': 'bad-signature',
  'kid-injection': 'bad-signature',
  'jku-x5u': 'bad-signature',
  'duplicate-members': 'malformed-credential',
  'crit-b64': 'malformed-credential',
  'numeric-date': 'malformed-credential',
  claims: 'malformed-credential',
  structure: 'malformed-credential',
  base64url: 'malformed-credential',
  ecdsa: 'bad-signature',
  rsa: 'bad-signature',
  'weak-key': 'bad-signature',
  jwe: 'wrong-type',
  nested: 'wrong-type',
  'typ-confusion': 'wrong-type',
}

/** Why the others are refused. */
const byId: Readonly<Record<string, string>> = {
  // Names of algorithms, none of which is allowed.
  'alg-none-None': 'bad-signature',
  'alg-none-leading-space': 'bad-signature',
  'kid-object': 'malformed-credential',
  'kid-1MiB': 'malformed-credential',
  'exp-null': 'missing-claim',
  'exp-float-just-expired': 'expired',
  'exp-exactly-now': 'expired',
  'claims-iat-future': 'not-yet-valid',
  'claims-aud-other': 'wrong-audience',
  'claims-aud-prefix': 'wrong-audience',
  'claims-aud-case': 'wrong-audience',
  'claims-no-exp': 'missing-claim',
  // An empty payload was signed by nobody.
  'structure-empty-payload': 'bad-signature',
  'json-payload-empty-object': 'missing-claim',
  // Longer than any token may be.
  'nested-deep': 'malformed-credential',
  'typ-1': 'malformed-credential',
}

const expectedOf = ({ id, group, expected }: AttackCase): string =>
  expected === 'accept' ? 'accepted' : (byId[id] ?? byGroup[group] ?? 'no reason')

const secret = new Uint8Array(Buffer.from(file.keys.HS256.k ?? '', 'base64url'))

function deciderFor(alg: Algorithm): Decide {
  // Their private members are the attacker's affair.
  const publicMembers = ['kty', 'n', 'e', 'crv', 'x', 'y']
  const jwk = Object.fromEntries(Object.entries(file.keys[alg]).filter(([name]) => publicMembers.includes(name)))
  const key = alg === 'HS256' ? importKey(secret, { alg }) : importKey({ kty: '', ...jwk }, { alg })
  return decider({ keys: staticKeys([key]), algorithms: [alg], profile: 'any', clockToleranceSeconds: 0 })
}

function tokenOf({ id, token }: AttackCase): string {
  if (token !== undefined) return token
  if (id === 'kid-1MiB') {
    return `${encode({ alg: 'HS256', kid: 'a'.repeat(1_048_576) })}.${encode('{}')}.${encode('x'.repeat(32))}`
  }
  const signed = `${encode({ alg: 'HS256' })}.${encode(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

/** Tries the attack tokens on whichever signature path is behind `jwt()`. */
export function describeAttackTokens(path: string): void {
  const deciders = { HS256: deciderFor('HS256'), RS256: deciderFor('RS256'), ES256: deciderFor('ES256') }

  describe(`attack tokens, verified by ${path}`, () => {
    let slowest = { id: '', milliseconds: 0 }
    afterAll(() => {
      const { id, milliseconds } = slowest
      console.log(`attack tokens, verified by ${path}: at most ${milliseconds.toFixed(2)} ms each (${id})`)
    })

    it('are all there', () => {
      expect(file.cases).toHaveLength(95)
      expect(Object.keys(byId).filter((id) => !file.cases.some((one) => one.id === id))).toEqual([])
    })

    it.each(file.cases)('$group: $id', async (one) => {
      const decide = deciders[one.key ?? 'HS256']
      const token = tokenOf(one)
      let fastest = Number.POSITIVE_INFINITY
      // A busy machine makes everything slow once, not five times.
      for (let attempt = 0; attempt < 5; attempt++) {
        const before = performance.now()
        const { status, reason, challenges } = await decide(token, file.clock)
        fastest = Math.min(fastest, performance.now() - before)
        const wanted = expectedOf(one)
        expect(reason).toBe(wanted)
        expect(status).toBe(wanted === 'accepted' ? 200 : 401)
        expect(challenges).toEqual(wanted === 'accepted' ? [] : ['Bearer realm="api", error="invalid_token"'])
      }
      if (fastest > slowest.milliseconds) slowest = { id: one.id, milliseconds: fastest }
      expect(fastest).toBeLessThan(5)
    })

    it('never make becauth fetch anything', async () => {
      const before = globalThis.fetch
      const fetched: unknown[] = []
      globalThis.fetch = async (input) => {
        fetched.push(input)
        return new Response()
      }
      try {
        for (const one of file.cases) await deciders[one.key ?? 'HS256'](tokenOf(one), file.clock)
      } finally {
        globalThis.fetch = before
      }
      expect(fetched).toEqual([])
    })
  })
}
