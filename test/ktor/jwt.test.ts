import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AuthenticationFailedCause, authentication, invalidCredentials } from 'becauth'
import { jwt } from 'becauth/jwt'
import { importKey, staticKeys } from 'becauth/keys'
import { describe, expect, it } from 'vitest'
import { decider, hmacToken, NOW, rightClaims, signedToken } from '../jwt/kit.ts'
import { type KtorRequest, ktorOf, researchedCases, type UnitCase } from './cases.ts'
import { authorized, seen } from './helpers.ts'
import { AUDIENCE, ISSUER, type JwtSetup, observeJwt, providerOf, token } from './jwt-kit.ts'
import { jwtVerdicts } from './jwt-verdicts.ts'
import { meaningOf, type Observed } from './observed.ts'

type Expected = UnitCase['expected']

interface JwtCase {
  readonly id: string
  readonly deviations: readonly string[]
  readonly setup: {
    readonly providers?: readonly JwtSetup[]
    readonly handler?: string
    readonly unit?: string
    readonly jwk?: JsonWebKey
  }
  readonly request: KtorRequest
  readonly expected: Expected
}

const file: { readonly cases: readonly JwtCase[] } = JSON.parse(
  readFileSync(new URL('../vectors/ktor/jwt-cases.json', import.meta.url), 'utf8'),
)
const research = researchedCases()

/** What the units of Ktor answer: which algorithm a key without one verifies, and what an empty payload says. */
async function observeUnit({ setup }: JwtCase): Promise<Partial<Observed>> {
  if (setup.jwk === undefined) {
    const decide = decider()
    return { result: (await decide(hmacToken({}))).reason }
  }
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: setup.jwk.crv ?? '' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const decide = decider({ keys: staticKeys([importKey(pem, { kid: 'k' })]), algorithms: ['ES384'] })
  const made = signedToken(rightClaims, { alg: 'ES384', typ: 'at+jwt', kid: 'k' }, privateKey)
  return { result: (await decide(made)).reason === 'accepted' ? 'verifies as ES384' : 'refused' }
}

/** Ktor's answer with our verdict over it. A refused request has no principal, and no handler wrote anything. */
function wantedOf(one: JwtCase): Partial<Observed> {
  const ktor = ktorOf({ ...one, area: 'jwt', setup: { providers: [], scopes: '', handler: '' } })
  const verdict = jwtVerdicts[one.id]?.verdict
  if (verdict === undefined) return ktor
  if (verdict.error !== undefined) return verdict
  const { error: _, principal: _1, body: _2, ...kept } = ktor
  return verdict.status === undefined
    ? { ...kept, ...verdict }
    : { ...kept, principal: null, handlerRan: false, ...verdict }
}

describe('cases of Ktor about JWTs', () => {
  it.each(file.cases)('$id', async (one) => {
    const { providers, handler = '' } = one.setup
    const actual = providers === undefined ? await observeUnit(one) : await observeJwt(providers, handler, one.request)
    const { wwwAuthenticate, ...wanted } = wantedOf(one)
    expect(Object.keys(one.expected)).not.toHaveLength(0)
    expect(actual).toMatchObject(wanted)
    if (wanted.cause !== undefined) expect(actual.cause).toEqual(wanted.cause)
    if (wwwAuthenticate === undefined) return
    if (jwtVerdicts[one.id]?.verdict.wwwAuthenticate === undefined) {
      expect(meaningOf(actual.wwwAuthenticate ?? [])).toEqual(meaningOf(wwwAuthenticate))
    } else expect(actual.wwwAuthenticate).toEqual(wwwAuthenticate)
  })

  it('are answered as in Ktor, or there is a reason', () => {
    const ids = new Set(file.cases.map(({ id }) => id))
    expect(Object.keys(jwtVerdicts).filter((id) => !ids.has(id))).toEqual([])
    const deviating = file.cases.filter(({ deviations }) => deviations.length > 0).map(({ id }) => id)
    expect(deviating.filter((id) => jwtVerdicts[id] === undefined)).toEqual([])
    for (const { because } of Object.values(jwtVerdicts)) expect(because.length).toBeGreaterThan(0)
  })
})

describe.skipIf(research === undefined)('the research on JWTs in Ktor', () => {
  it('has no case that is missing or told otherwise here', () => {
    const told = ({ id, request, expected }: Pick<JwtCase, 'id' | 'expected'> & { readonly request: unknown }) => ({
      id,
      request,
      expected,
    })
    expect(file.cases.map(told)).toEqual(research?.cases.filter(({ area }) => area === 'jwt').map(told))
  })
})

const hs256: JwtSetup = { name: 'default', keys: 'HS256', validate: 'audience' }
const rs256: JwtSetup = { name: 'default', keys: 'RS256', validate: 'audience' }

async function answer(setup: JwtSetup, authorization: string) {
  const auth = authentication({ api: providerOf(setup) })
  return seen(await auth.decide(authorized(authorization), 'api'))
}

describe('flaws and deviations of Ktor about JWTs', () => {
  it('F19: is not made without an issuer or an audience, and checks both with every source of keys', async () => {
    const options = { issuer: ISSUER, audience: AUDIENCE, keys: staticKeys([new Uint8Array(32)]) }
    for (const name of ['issuer', 'audience', 'keys']) {
      expect(() => Reflect.apply(jwt, undefined, [{ ...options, [name]: undefined }])).toThrow(`"${name}"`)
    }
    for (const [setup, alg] of [
      [hs256, 'HS256'],
      [rs256, 'RS256'],
    ] as const) {
      const causes = async (claims: object) => (await answer(setup, `Bearer ${token(alg, claims)}`)).causes
      expect(await causes({})).toEqual([])
      expect(await causes({ iss: 'https://else.example' })).toEqual(['api: InvalidCredentials/wrong-issuer'])
      expect(await causes({ iss: undefined })).toEqual(['api: InvalidCredentials/missing-claim'])
      expect(await causes({ aud: 'else' })).toEqual(['api: InvalidCredentials/wrong-audience'])
      expect(await causes({ aud: undefined })).toEqual(['api: InvalidCredentials/missing-claim'])
    }
  })

  it('F19b: does not take unreachable keys for a wrong token', async () => {
    const unreachable = new AuthenticationFailedCause.Error('keys are unreachable')
    const keys = { find: () => unreachable, generation: 0, export: async () => '' }
    expect(await decider({ keys })(hmacToken(rightClaims))).toMatchObject({ status: 503, reason: 'Error' })
    const unknown = { ...keys, find: () => invalidCredentials('unknown-key') }
    expect(await decider({ keys: unknown })(hmacToken(rightClaims))).toMatchObject({
      status: 401,
      reason: 'unknown-key',
    })
  })

  it('F19d: verifies PS and EdDSA, and names the error in the challenge', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const decide = decider({ keys: staticKeys([pem]), algorithms: ['EdDSA'] })
    expect((await decide(signedToken(rightClaims, { alg: 'EdDSA', typ: 'at+jwt' }, privateKey))).status).toBe(200)
    expect((await decide('a.b.c')).challenges).toEqual(['Bearer realm="api", error="invalid_token"'])
  })

  it('D22: takes what validate throws for an outage, in required and optional scopes, and never for a wrong token', async () => {
    const auth = authentication({ api: providerOf({ ...hs256, validate: 'throws' }) })
    for (const scope of [auth.require('api'), auth.optional('api')]) {
      const outcome = await auth.decide(authorized(`Bearer ${token('HS256')}`), scope)
      expect(seen(outcome)).toMatchObject({ status: 503, challenges: [], causes: ['api: Error'] })
      expect(outcome.failures[0]?.cause).toMatchObject({ cause: new Error('the application failed') })
    }
    expect(await answer({ ...hs256, validate: 'throws' }, 'Bearer a.b.c')).toMatchObject({ status: 401 })
  })

  it.each([
    ['the algorithm', hs256, token('RS256'), 'bad-signature'],
    ['the audience', hs256, token('HS256', { aud: 'wrong' }), 'wrong-audience'],
    ['the issuer', hs256, token('HS256', { iss: 'wrong' }), 'wrong-issuer'],
    ['the algorithm, with a JWK', rs256, token('HS256'), 'bad-signature'],
    ['the audience, with a JWK', rs256, token('RS256', { aud: 'wrong' }), 'wrong-audience'],
    ['the issuer, with a JWK', rs256, token('RS256', { iss: 'wrong' }), 'wrong-issuer'],
  ])('D23: refuses a token behind its scheme for a mismatch of %s', async (_what, setup, wrong, reason) => {
    expect(await answer(setup, `Bearer ${wrong}`)).toEqual({
      status: 401,
      challenges: ['Bearer realm="api", error="invalid_token"'],
      causes: [`api: InvalidCredentials/${reason}`],
    })
  })

  it('D57: compares schemes by the letters of ASCII, whatever the language', async () => {
    const setup: JwtSetup = { ...hs256, schemes: ['Bearer', 'JWTID'] }
    for (const scheme of ['JWTID', 'jwtid', 'JwtId']) {
      expect((await answer(setup, `${scheme} ${token('HS256')}`)).status).toBe(200)
    }
    for (const scheme of ['jwt\u0131d', 'JWT\u0130D', 'jwti\u0307d']) {
      expect(await answer(setup, `${scheme} ${token('HS256')}`)).toMatchObject({
        status: 401,
        causes: ['api: NoCredentials'],
      })
    }
  })

  it('D58: sends the own challenges of two providers when no token came', async () => {
    const auth = authentication({
      a: providerOf({ ...hs256, challenge: { scheme: 'Basic', realm: 'custom1' } }),
      b: providerOf({ ...rs256, challenge: { scheme: 'Basic', realm: 'custom2' } }),
    })
    expect(seen(await auth.decide(authorized(''), auth.anyOf('a', 'b')))).toEqual({
      status: 401,
      challenges: ['Basic realm="custom1"', 'Basic realm="custom2"'],
      causes: ['a: NoCredentials', 'b: NoCredentials'],
    })
  })

  it('takes a token that never ends only where that is asked for', async () => {
    const endless = { iss: rightClaims.iss, aud: rightClaims.aud }
    expect((await decider({ profile: 'any' })(hmacToken(endless, { alg: 'HS256' }), NOW)).reason).toBe('missing-claim')
  })
})
