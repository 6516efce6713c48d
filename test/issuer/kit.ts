import { authentication } from 'becauth'
import {
  generateSigningKey,
  signingKey,
  type TokenIssuer,
  type TokenIssuerOptions,
  type TokenRefused,
  type TokensIssued,
  tokenIssuer,
} from 'becauth/issuer'
import { type JwtClaims, jwt } from 'becauth/jwt'
import { memorySessionStore } from 'becauth/memory'
import { testRequest } from '../../src/testing/request.ts'
import { type TestClock, testClock } from '../../src/testing/test-clock.ts'

export const ISSUER = 'https://id.example'
export const AUDIENCE = 'https://orders.example'
export const grant = { subject: 'ada', clientId: 'app', audience: AUDIENCE, scope: 'orders:read orders:write' } as const

export interface Service {
  readonly clock: TestClock
  readonly tokens: TokenIssuer
  /** The claims that `jwt()` accepts, or the reason why it does not. */
  ask(token: string): Promise<JwtClaims | string>
}

type Overrides = Partial<Omit<TokenIssuerOptions, 'refreshTokens'>> & {
  readonly refreshTokens?: Partial<NonNullable<TokenIssuerOptions['refreshTokens']>> | undefined
}

/** An issuer with one key and a store in memory, and a service that trusts it. */
export async function service(options: Overrides = {}): Promise<Service> {
  const clock = testClock()
  const tokens = tokenIssuer({
    issuer: ISSUER,
    keys: options.keys ?? [signingKey(await generateSigningKey())],
    clock: clock.now,
    ...options,
    refreshTokens: { store: memorySessionStore(), ...options.refreshTokens },
  })
  const api = jwt<JwtClaims>({ issuer: ISSUER, audience: AUDIENCE, keys: tokens.keys })
  const auth = authentication({ api }, { clock: clock.now })
  const ask: Service['ask'] = async (token) => {
    const outcome = await auth.decide(testRequest({ headers: { Authorization: `Bearer ${token}` } }), 'api')
    if (outcome.kind === 'authenticated') return outcome.principal
    const cause = outcome.failures[0]?.cause
    return cause?.kind === 'InvalidCredentials' ? String(cause.reason) : String(cause?.kind)
  }
  return { clock, tokens, ask }
}

export function issuedOf(answer: TokensIssued | TokenRefused): TokensIssued['tokens'] & { refresh_token: string } {
  if (!answer.ok) throw new Error(`refused: ${answer.reason}`, { cause: answer.cause })
  return { refresh_token: '', ...answer.tokens }
}

export function reasonOf(answer: { readonly ok: true } | TokenRefused): string {
  return answer.ok ? 'ok' : answer.reason
}
