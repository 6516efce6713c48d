import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { madeProof, type ProofKey, type ProofParts, proofKey } from '../../../test/proofs/made-proof.ts'
import { authentication } from '../../core/authentication.ts'
import type { AuthenticationOptions } from '../../core/authentication-options.ts'
import type { HeaderField } from '../../core/request.ts'
import type { Outcome } from '../../core/who.ts'
import { type BearerOptions, bearer } from '../../providers/bearer/bearer.ts'
import { memoryOneTimeStore } from '../../stores/memory/one-time-store.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { type DpopOptions, dpop } from './dpop.ts'

const NOW = 1_700_000_000
const TOKEN = 'mF_9.B5f-4.1JqM'
const URI = 'https://service.example/orders'
const ALGS = 'algs="ES256 ES384 Ed25519 EdDSA PS256 RS256"'

type Principal = { readonly cnf?: unknown }

let key: ProofKey
let other: ProofKey
let ids = 0

beforeAll(async () => {
  key = await proofKey()
  other = await proofKey()
})

/** A service whose one token is bound to `key`, unless told otherwise. */
function service(
  options: DpopOptions = {},
  principal: Principal = { cnf: { jkt: key.jkt } },
  settings: AuthenticationOptions = {},
  provider: Partial<BearerOptions<Principal>> = {},
) {
  const validate = ({ token }: { token: string }) => (token === TOKEN ? principal : null)
  const auth = authentication(
    { api: bearer({ validate, proofs: [dpop(options)], ...provider }) },
    { clock: () => NOW, ...settings },
  )
  return async (headers: readonly HeaderField[], request: TestRequestOptions = {}): Promise<Outcome> =>
    auth.decide(testRequest({ target: '/orders', ...request, headers }), 'api')
}

function proof(parts: ProofParts = {}, about: Partial<Parameters<typeof madeProof>[1]> = {}, by = key): string {
  return madeProof(by, { token: TOKEN, uri: URI, at: NOW, jti: `jti-${ids++}`, ...about }, parts)
}

function sent(dpopField: string, scheme = 'DPoP'): readonly HeaderField[] {
  return [
    ['Authorization', `${scheme} ${TOKEN}`],
    ['DPoP', dpopField],
  ]
}

/** Status and challenges, or what else became of it. */
function summary(outcome: Outcome): string {
  if (!('response' in outcome)) return outcome.kind
  const challenges = outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
  return [outcome.response.status, ...challenges].join(' | ')
}

function detail(outcome: Outcome): string {
  const cause = outcome.failures[0]?.cause
  return cause?.kind === 'InvalidCredentials' ? `${cause.reason}: ${cause.detail}` : (cause?.kind ?? outcome.kind)
}

const invalid = `401 | Bearer realm="api" | DPoP realm="api", error="invalid_dpop_proof", ${ALGS}`

describe('dpop(): challenges', () => {
  it('offers Bearer first and then DPoP with its algorithms when no token came (RFC 9449, section 7.2)', async () => {
    expect(summary(await service()([]))).toBe(`401 | Bearer realm="api" | DPoP realm="api", ${ALGS}`)
  })

  it('puts the error of a bad token into the scheme in which it came', async () => {
    const ask = service({ algorithms: ['ES256', 'PS256'] })
    expect(summary(await ask([['Authorization', 'Bearer wrong']]))).toBe(
      '401 | Bearer realm="api", error="invalid_token" | DPoP realm="api", algs="ES256 PS256"',
    )
    expect(summary(await ask([['Authorization', 'DPoP wrong']]))).toBe(
      '401 | Bearer realm="api" | DPoP realm="api", error="invalid_token", algs="ES256 PS256"',
    )
  })

  it('puts it into both when two tokens came', async () => {
    const two: HeaderField[] = [
      ['Authorization', `Bearer ${TOKEN}`],
      ['Authorization', `DPoP ${TOKEN}`],
    ]
    expect(summary(await service()(two))).toBe(
      `400 | Bearer realm="api", error="invalid_request" | DPoP realm="api", error="invalid_request", ${ALGS}`,
    )
  })

  it('offers DPoP alone, with its algorithms, where that is the scheme of the provider', async () => {
    const ask = service({}, {}, {}, { scheme: 'DPoP' })
    expect(summary(await ask([]))).toBe(`401 | DPoP realm="api", ${ALGS}`)
    expect(summary(await ask([['Authorization', `Bearer ${TOKEN}`]]))).toBe(`401 | DPoP realm="api", ${ALGS}`)
    expect(detail(await ask(sent(proof())))).toContain('is not bound to a key')
  })
})

describe('dpop(): proofs that are right', () => {
  it.each(['ES256', 'Ed25519', 'RS256', 'PS256'] as const)('accepts %s, again and again', async (alg) => {
    const own = await proofKey(alg)
    const ask = service({}, { cnf: { jkt: own.jkt } })
    for (let turn = 0; turn < 3; turn++) expect(summary(await ask(sent(proof({}, {}, own))))).toBe('authenticated')
  })

  it('keeps a key under its own header: another algorithm of the same key needs another one', async () => {
    const own = await proofKey('RS256')
    const ask = service({ algorithms: ['RS256', 'PS256'] }, { cnf: { jkt: own.jkt } })
    expect(summary(await ask(sent(proof({}, {}, own))))).toBe('authenticated')
    expect(summary(await ask(sent(proof({}, {}, { ...own, alg: 'PS256' }))))).toBe('authenticated')
    expect(detail(await ask(sent(proof({ header: { alg: 'PS256' } }, {}, own))))).toContain('does not verify')
  })

  it('lets tokens that are bound to nothing pass as Bearer, whatever DPoP says', async () => {
    const ask = service({}, {})
    expect(summary(await ask([['Authorization', `Bearer ${TOKEN}`]]))).toBe('authenticated')
    expect(summary(await ask(sent('nonsense', 'Bearer')))).toBe('authenticated')
  })

  it('reads the scheme in any case, and the method exactly', async () => {
    const ask = service()
    expect(summary(await ask(sent(proof(), 'dpop')))).toBe('authenticated')
    const post = proof({}, { method: 'POST' })
    expect(summary(await ask(sent(post), { method: 'POST' }))).toBe('authenticated')
    expect(summary(await ask(sent(proof({ claims: { htm: 'get' } }))))).toBe(invalid)
  })

  it('proves a token from a cookie as well, where it is bound', async () => {
    const ask = service({}, undefined, {}, { tokenFrom: { cookie: 't' } })
    expect(summary(await ask([['Cookie', `t=${TOKEN}`]]))).toBe(invalid)
    const both: HeaderField[] = [
      ['Cookie', `t=${TOKEN}`],
      ['DPoP', proof()],
    ]
    expect(summary(await ask(both))).toBe('authenticated')
  })

  it.each([
    ['HTTPS://Service.Example:443/orders', '/orders'],
    ['https://service.example/orders?page=2#top', '/orders?page=3'],
    ['https://service.example/a/../orders', '/orders'],
    ['https://service.example/%6frders/%7Ejo%e2', '/orders/~jo%E2'],
    ['https://service.example', '/'],
  ])('takes %s for the address of %s', async (uri, target) => {
    expect(summary(await service()(sent(proof({}, { uri })), { target }))).toBe('authenticated')
  })

  it('sees the address as clients do: through trusted proxies, or by baseUrl', async () => {
    const ask = service({}, undefined, { trustedProxies: ['192.0.2.1'] })
    const forwarded: HeaderField[] = [
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'shop.example'],
      ['Host', 'inner.example'],
    ]
    const request = { encrypted: false }
    const uri = 'https://shop.example/orders'
    expect(summary(await ask([...sent(proof({}, { uri })), ...forwarded], request))).toBe('authenticated')
    expect(summary(await service()([...sent(proof({}, { uri })), ...forwarded], request))).toBe(invalid)
    const based = service({}, undefined, { baseUrl: 'https://shop.example/v1' })
    expect(summary(await based(sent(proof({}, { uri: 'https://shop.example/v1/orders' }))))).toBe('authenticated')
    // Whoever had a proof made for an address of theirs names that in Host.
    const evil: HeaderField[] = [
      ...sent(proof({}, { uri: 'https://evil.example/v1/orders' })),
      ['Host', 'evil.example'],
    ]
    expect(summary(await based(evil))).toBe(invalid)
  })

  it.each([
    [0, 'authenticated'],
    [90, 'authenticated'],
    [91, invalid],
    [-30, 'authenticated'],
    [-31, invalid],
  ])('judges a proof of %i seconds ago', async (age, expected) => {
    expect(summary(await service()(sent(proof({}, { at: NOW - age }))))).toBe(expected)
  })
})

describe('dpop(): proofs that are not', () => {
  it('refuses a bound token that comes as Bearer, with a proof and without (RFC 9449, section 7.2)', async () => {
    const challenge = `401 | Bearer realm="api", error="invalid_token" | DPoP realm="api", ${ALGS}`
    const outcome = await service()([['Authorization', `Bearer ${TOKEN}`]])
    expect(summary(outcome)).toBe(challenge)
    expect(detail(outcome)).toContain('proof-missing')
    expect(summary(await service()(sent(proof(), 'Bearer')))).toBe(challenge)
  })

  it('refuses a bound token where no proof is configured, and one bound to more than is confirmed', async () => {
    const bound = [['Authorization', `Bearer ${TOKEN}`]] as const
    const without = await service({}, undefined, {}, { proofs: [] })(bound)
    expect(summary(without)).toBe('401 | Bearer realm="api", error="invalid_token"')
    expect(detail(without)).toContain('proof-missing')
    const more = { cnf: { jkt: key.jkt, 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } }
    expect(detail(await service({}, more)(sent(proof())))).toContain('proof-missing')
    expect(detail(await service({}, { cnf: 'nonsense' })(sent(proof())))).toContain('proof-missing')
  })

  it('refuses another key than the one that the token is bound to', async () => {
    const outcome = await service()(sent(proof({}, {}, other)))
    expect(summary(outcome)).toBe(`401 | Bearer realm="api" | DPoP realm="api", error="invalid_token", ${ALGS}`)
    expect(detail(outcome)).toContain('another key')
  })

  it('refuses a replay, and one of a hundred parallel ones passes', async () => {
    const ask = service()
    const once = sent(proof())
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => ask(once)))
    expect(outcomes.filter(({ kind }) => kind === 'authenticated')).toHaveLength(1)
    expect(detail(await ask(once))).toContain('replayed')
    expect(summary(await ask(once))).toBe(invalid)
  })

  it('remembers no id of a proof that is not right in every way', async () => {
    const store = memoryOneTimeStore()
    const ask = service({ store })
    const claims = { jti: 'planted' }
    const [header = '', payload = ''] = proof({ claims }).split('.')
    await ask(sent(`${header}.${payload}.${'A'.repeat(86)}`))
    await ask(sent(proof({ claims }, {}, other)))
    await ask(sent(proof({ claims: { ...claims, htm: 'PUT' } })))
    expect(store.size).toBe(0)
    expect(summary(await ask(sent(proof({ claims }))))).toBe('authenticated')
    expect(store.size).toBe(1)
  })

  it('knows one id of another key or address for another one', async () => {
    const ask = service()
    const claims = { jti: 'same' }
    expect(summary(await ask(sent(proof({ claims }))))).toBe('authenticated')
    const elsewhere = proof({ claims }, { uri: `${URI}/7` })
    expect(summary(await ask(sent(elsewhere), { target: '/orders/7' }))).toBe('authenticated')
  })

  it('answers 503 while the store has no room or fails', async () => {
    const full = service({ store: memoryOneTimeStore({ limit: 1 }) })
    expect(summary(await full(sent(proof())))).toBe('authenticated')
    expect(summary(await full(sent(proof())))).toBe('503')
    const broken = { consume: () => Promise.reject(new Error('down')) }
    expect(summary(await service({ store: broken })(sent(proof())))).toBe('503')
  })

  it.each<[string, ProofParts, string]>([
    ['a wrong typ', { header: { typ: 'JWT' } }, '"typ"'],
    ['no typ', { header: { typ: undefined } }, '"typ"'],
    ['the algorithm none', { header: { alg: 'none' } }, '"alg"'],
    ['a symmetric algorithm', { header: { alg: 'HS256' } }, '"alg"'],
    ['an algorithm that is not among the accepted ones', { header: { alg: 'ES512' } }, '"alg"'],
    ['an algorithm of another type of key', { header: { alg: 'RS256' } }, '"jwk"'],
    ['no jwk', { header: { jwk: undefined } }, '"jwk"'],
    ['a jwk that is a text', { header: { jwk: 'MFkw' } }, '"jwk"'],
    ['a crit', { header: { crit: ['exp'] } }, 'exactly one'],
    ['no jti', { claims: { jti: undefined } }, 'lacks'],
    ['an empty jti', { claims: { jti: '' } }, 'lacks'],
    ['an endless jti', { claims: { jti: 'x'.repeat(513) } }, 'lacks'],
    ['no htm', { claims: { htm: undefined } }, 'lacks'],
    ['another htm', { claims: { htm: 'POST' } }, '"htm"'],
    ['no htu', { claims: { htu: undefined } }, 'lacks'],
    ['another host in htu', { claims: { htu: 'https://other.example/orders' } }, '"htu"'],
    ['another path in htu', { claims: { htu: 'https://service.example/orders/' } }, '"htu"'],
    ['another case in the path of htu', { claims: { htu: 'https://service.example/Orders' } }, '"htu"'],
    ['another scheme in htu', { claims: { htu: 'http://service.example/orders' } }, '"htu"'],
    ['a user in htu', { claims: { htu: 'https://me@service.example/orders' } }, '"htu"'],
    ['a backslash in htu', { claims: { htu: 'https://service.example\\orders' } }, '"htu"'],
    ['white space in htu', { claims: { htu: 'https://service.example/ord\ners' } }, '"htu"'],
    ['a path for an htu', { claims: { htu: '/orders' } }, '"htu"'],
    ['no iat', { claims: { iat: undefined } }, 'lacks'],
    ['a text for an iat', { claims: { iat: String(NOW) } }, 'lacks'],
    ['milliseconds in iat', { claims: { iat: NOW * 1000 } }, '"iat"'],
    ['no ath', { claims: { ath: undefined } }, 'lacks'],
    ['the ath of another token', { claims: { ath: createHash('sha256').update('x').digest('base64url') } }, '"ath"'],
  ])('refuses %s', async (_title, parts, expected) => {
    const outcome = await service()(sent(proof(parts)))
    expect(detail(outcome)).toContain(expected)
    expect(detail(outcome)).toContain('proof-invalid')
    expect(summary(outcome)).toBe(invalid)
  })

  it('refuses a jwk with private members, or for something else', async () => {
    const { d } = key.privateKey.export({ format: 'jwk' })
    for (const member of [{ d }, { use: 'enc' }, { key_ops: ['sign'] }, { alg: 'ES384' }]) {
      const outcome = await service()(sent(proof({ header: { jwk: { ...key.jwk, ...member } } })))
      expect(detail(outcome)).toContain('"jwk"')
    }
  })

  it('refuses a secret in the jwk, though a text is authenticated by it', async () => {
    const secret = Buffer.alloc(32, 7)
    const jwk = { kty: 'oct', k: secret.toString('base64url') }
    const [, payload = ''] = proof().split('.')
    for (const alg of ['HS256', 'ES256']) {
      const header = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg, jwk })).toString('base64url')
      const tag = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
      expect(summary(await service()(sent(`${header}.${payload}.${tag}`)))).toBe(invalid)
    }
  })

  it('refuses two DPoP fields, and one with two proofs', async () => {
    const two: HeaderField[] = [...sent(proof()), ['DPoP', proof()]]
    expect(detail(await service()(two))).toContain('exactly one')
    expect(detail(await service()(sent(`${proof()}, ${proof()}`)))).toContain('exactly one')
    expect(detail(await service()(sent('')))).toContain('exactly one')
  })

  it('refuses every mutation of a proof, and changes nothing by it', async () => {
    const ask = service()
    const text = proof()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ,é'
    const edit = fc.record({
      at: fc.nat(text.length - 1),
      cut: fc.integer({ min: 0, max: 3 }),
      add: fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(edit, async ({ at, cut, add }) => {
        const mutated = text.slice(0, at) + add + text.slice(at + cut)
        fc.pre(mutated !== text)
        expect(summary(await ask(sent(mutated)))).not.toBe('authenticated')
      }),
      { numRuns: 500 },
    )
    expect(summary(await ask(sent(text)))).toBe('authenticated')
  })

  it('never throws, whatever the field and the confirmation are', async () => {
    const json = fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text).toString('base64url'))
    const field = fc.oneof(
      fc.string(),
      fc.tuple(json, json, json).map((parts) => parts.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(field, fc.oneof(fc.jsonValue(), fc.constant({ jkt: key.jkt })), async (value, cnf) => {
        const said = summary(await service({}, { cnf })(sent(value)))
        expect(said.slice(0, 3)).toBe('401')
      }),
    )
  })

  it('tells no part of a proof or token to anybody', async () => {
    const text = JSON.stringify(await service()(sent(proof({ claims: { htm: 'CANARY' } }))))
    expect(text).not.toContain('CANARY')
    expect(text).not.toContain(TOKEN)
  })
})

describe('dpop(): options', () => {
  it.each([
    [null, 'wants an object'],
    [{ store: {} }, '"store"'],
    [{ algorithms: [] }, '"algorithms"'],
    [{ algorithms: ['HS256'] }, '"algorithms"'],
    [{ algorithms: ['none'] }, '"algorithms"'],
    [{ algorithms: ['ES256', 'ES256'] }, '"algorithms"'],
    [{ maxAgeSeconds: 0 }, '"maxAgeSeconds"'],
    [{ maxAgeSeconds: Number.NaN }, '"maxAgeSeconds"'],
    [{ clockToleranceSeconds: -1 }, '"clockToleranceSeconds"'],
    [{ nonce: true }, '"nonce"'],
    [{ nonce: { keys: [] } }, '"nonce.keys"'],
    [{ nonce: { keys: ['short'] } }, '"nonce.keys"'],
    [{ nonce: { lifetimeSeconds: 5 } }, '"nonce.lifetimeSeconds"'],
  ])('refuses %j', (options, message) => {
    expect(() => Reflect.apply(dpop, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(dpop, undefined, [options])).toThrow(message)
  })

  it('is refused twice in one provider', () => {
    const validate = () => ({})
    expect(() => bearer({ validate, proofs: [dpop(), dpop()] })).toThrow(
      'bearer(): "proofs" must be a list of different',
    )
    expect(() => Reflect.apply(bearer, undefined, [{ validate, proofs: dpop() }])).toThrow('bearer(): "proofs"')
  })
})
