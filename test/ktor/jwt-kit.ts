import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  type AuthenticationProvider,
  authentication,
  type ChallengeFunction,
  type Outcome,
  provider,
  type RequestSource,
  type Requirement,
} from 'becauth'
import { type JwtClaims, type JwtCredential, jwt } from 'becauth/jwt'
import { importKey, type KeySource, staticKeys } from 'becauth/keys'
import { testRequest } from '../../src/testing/request.ts'
import { signedToken } from '../jwt/kit.ts'
import type { KtorRequest } from './cases.ts'
import type { CauseKind, Observed } from './observed.ts'

export const ISSUER = 'https://jwt-provider-domain/'
export const AUDIENCE = 'jwt-audience'
const KID = 'NkJCQzIyQzRBMEU4NjhGNUU4MzU4RkY0M0ZDQzkwOUQ0Q0VGNUMwQg'

/** Ktor's tests use the secret `secret`, which is shorter than any that becauth takes. */
const secret = createSecretKey(Buffer.from('secret'.padEnd(32, '.')))
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

const sources: Readonly<Record<'HS256' | 'RS256', KeySource>> = {
  HS256: staticKeys([importKey(new Uint8Array(secret.export()), { alg: 'HS256' })]),
  RS256: staticKeys([importKey(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), { kid: KID })]),
}

export interface JwtSetup {
  readonly name: string
  readonly realm?: string
  /** `null`: no verifier. */
  readonly keys: 'HS256' | 'RS256' | null
  /** `null`: left out. */
  readonly validate: 'audience' | 'everybody' | 'throws' | null
  readonly schemes?: readonly [string, ...string[]]
  readonly leewaySeconds?: number
  readonly challenge?:
    | 'nothing'
    | { readonly scheme: string; readonly realm: string; readonly charset?: string; readonly status?: number }
}

/** A token as Ktor's tests make them: issuer, audience, and nothing else. */
export function token(alg: 'HS256' | 'RS256', claims: object = {}, key?: KeyObject): string {
  const header = alg === 'RS256' ? { alg, kid: KID } : { alg }
  const signer = key ?? (alg === 'RS256' ? rsa.privateKey : secret)
  return signedToken({ aud: AUDIENCE, iss: ISSUER, ...claims }, header, signer)
}

/** What stands in for the tokens of the cases. */
function authorizationOf(value: string): string {
  const hs256 = token('HS256')
  return value
    .replace('<HS256 jwt aud=jwt-audience iss=issuer>', hs256)
    .replace('<RS256 jwt aud iss kid>', token('RS256'))
    .replace('<jwt whose last two characters are replaced by one space>', `${hs256.slice(0, -2)} `)
    .replace(/^<(?:HS256 )?jwt aud=wrong, NO scheme>$/, token('HS256', { aud: 'wrong' }))
    .replace(/^<(?:HS256 )?jwt iss=wrong, NO scheme>$/, token('HS256', { iss: 'wrong' }))
}

function validateOf({ validate }: JwtSetup) {
  if (validate === null) return undefined
  return ({ claims }: JwtCredential<JwtClaims>): JwtClaims | null => {
    if (validate === 'throws') throw new Error('the application failed')
    return validate === 'everybody' || [claims.aud].flat().includes(AUDIENCE) ? claims : null
  }
}

function challengeOf({ challenge }: JwtSetup): ChallengeFunction | undefined {
  if (challenge === undefined) return undefined
  if (challenge === 'nothing') return () => null
  const { scheme, realm, charset, status } = challenge
  const parameters = Object.entries({ realm, charset }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  // A status is not among what a challenge may answer; JavaScript can try.
  return () => Object.assign({ challenges: [{ scheme, parameters }] }, { status })
}

/** @throws TypeError where becauth refuses the configuration. */
export function providerOf(setup: JwtSetup): AuthenticationProvider<JwtClaims> {
  const [scheme, ...additionalSchemes] = setup.schemes ?? ['Bearer']
  const { realm, keys, leewaySeconds } = setup
  const options = {
    ...{ issuer: ISSUER, audience: AUDIENCE, keys: keys === null ? undefined : sources[keys] },
    ...{ algorithms: keys === null ? undefined : [keys], clockToleranceSeconds: leewaySeconds },
    // Ktor's tokens have no "typ" and never end.
    ...{ profile: 'any', dangerouslyAcceptUnexpiring: true },
    ...{ realm, scheme, additionalSchemes, validate: validateOf(setup), challenge: challengeOf(setup) },
  }
  // The types want "keys"; Ktor's do not.
  return Reflect.apply(jwt, undefined, [options])
}

function sourceOf({ method, path, headers }: KtorRequest): RequestSource {
  const filled = Object.entries(headers).map(([name, value]) => [name, authorizationOf(value)] as const)
  return testRequest({ method, target: path, headers: filled })
}

/** For the case that is only about the configuration. */
const right: KtorRequest = {
  method: 'GET',
  path: '/',
  headers: { Authorization: 'Bearer <HS256 jwt aud=jwt-audience iss=issuer>' },
  body: null,
}

/** Notes the provider's name in `ran` whenever it runs. */
function watched(setup: JwtSetup, ran: string[]): AuthenticationProvider<JwtClaims> {
  const made = providerOf(setup)
  return provider<JwtClaims>({
    challenge: made.challenge,
    override: made.override,
    malformedRequestStatus: made.malformedRequestStatus,
    authenticate: (context) => {
      ran.push(setup.name)
      return made.authenticate(context)
    },
  })
}

/** Runs a request through all of the providers as Ktor's first-successful scope: the first that says yes wins. */
export async function observeJwt(
  setups: readonly JwtSetup[],
  handler: string,
  request: KtorRequest | null,
): Promise<Partial<Observed>> {
  const ran: string[] = []
  try {
    const providers = setups.map((setup) => [setup.name, watched(setup, ran)] as const)
    const auth = authentication<Record<string, JwtClaims>>(Object.fromEntries(providers))
    // The number of children is known only now; the types want one at least.
    const scope: Requirement = Reflect.apply(
      auth.anyOf,
      auth,
      setups.map(({ name }) => name),
    )
    return { ran, ...seenOf(await scope.decide(sourceOf(request ?? right)), handler) }
  } catch (error) {
    if (error instanceof TypeError) return { error: 'configuration' }
    throw error
  }
}

function seenOf(outcome: Outcome, handler: string): Partial<Observed> {
  const cause = Object.fromEntries(
    outcome.failures.map(({ provider, cause: { kind } }): [string, CauseKind] => [provider, kind]),
  )
  if ('response' in outcome) {
    const { status, headers, body } = outcome.response
    const wwwAuthenticate = headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
    return { status, body: body ?? '', cause, wwwAuthenticate, principal: null, handlerRan: false }
  }
  const aud: unknown = Reflect.get(Object(outcome.principal), 'aud')
  const isPayload = Reflect.get(Object(outcome.principal), 'iss') === ISSUER
  return {
    status: 200,
    cause,
    body: handler.replace('<aud>', `[${[aud].flat().join(', ')}]`),
    principal: isPayload ? 'JWT payload' : outcome.principal,
    handlerRan: true,
    wwwAuthenticate: [],
  }
}
