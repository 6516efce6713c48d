import { createHmac, type KeyObject, sign } from 'node:crypto'
import { type AuthenticationFailedCause, authentication, type RequestSource } from 'becauth'
import { type JwtClaims, type JwtOptions, jwt } from 'becauth/jwt'
import { importKey, type KeySource, staticKeys } from 'becauth/keys'
import { testRequest } from '../../src/testing/request.ts'

export const NOW = 1_767_225_600
export const ISSUER = 'https://issuer.example'
const AUDIENCE = 'https://api.example'

export const secret: Uint8Array = new Uint8Array(32).fill(7)
export const secretKeys: KeySource = staticKeys([importKey(secret, { alg: 'HS256' })])

export const rightClaims = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'alice',
  client_id: 'shop',
  iat: NOW - 60,
  exp: NOW + 3600,
  jti: 'id-1',
}

export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** Signs a token with a secret. Header and claims may be JSON texts, to be otherwise than JSON.stringify writes them. */
export function hmacToken(claims: unknown, header: unknown = { alg: 'HS256', typ: 'at+jwt' }, key = secret): string {
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

/** How Node signs for an algorithm. */
export function signatureOf(signed: string, alg: string, key: KeyObject, saltLength?: number): Buffer {
  const data = Buffer.from(signed)
  const hash = alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`
  if (alg.startsWith('HS'))
    return createHmac(`sha${alg.slice(2)}`, key)
      .update(data)
      .digest()
  if (alg.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  const salt = saltLength ?? Number(alg.slice(2)) / 8
  return sign(hash, data, alg.startsWith('PS') ? { key, padding: 6, saltLength: salt } : key)
}

/** Signs a token with any key. */
export function signedToken(
  claims: unknown,
  header: { readonly alg: string; readonly [name: string]: unknown },
  key: KeyObject,
): string {
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${signatureOf(signed, header.alg, key).toString('base64url')}`
}

interface Seen {
  /** `200`, or the refusal's. */
  readonly status: number
  /** The reason or the kind of the cause; `'accepted'` when there is none. */
  readonly reason: string
  readonly detail: string | undefined
  readonly challenges: readonly string[]
  readonly principal: object | undefined
}

export type Decide = (token: string, now?: number) => Promise<Seen>

/** Decides requests with tokens by one `jwt()`, at any time. */
export function decider(options: Partial<JwtOptions<JwtClaims, JwtClaims>> = {}, issuer = ISSUER): Decide {
  let clock = NOW
  const shared = { issuer, audience: AUDIENCE, keys: secretKeys, algorithms: ['HS256'] } as const
  const made = 'issuers' in options && options.issuers !== undefined ? options : { ...shared, ...options }
  // A union of options does not survive being spread; jwt() checks them.
  const provider: ReturnType<typeof jwt<JwtClaims>> = Reflect.apply(jwt, undefined, [made])
  const auth = authentication({ api: provider }, { clock: () => clock })
  return async (token, now = NOW) => {
    clock = now
    const outcome = await auth.decide(requestWith(token), 'api')
    const cause = outcome.failures[0]?.cause
    const refused = 'response' in outcome ? outcome.response : undefined
    return {
      status: refused?.status ?? 200,
      reason: cause === undefined ? 'accepted' : reasonOf(cause),
      detail: cause?.kind === 'InvalidCredentials' ? cause.detail : undefined,
      challenges: (refused?.headers ?? []).filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value),
      principal: outcome.principal,
    }
  }
}

export function requestWith(token: string): RequestSource {
  return testRequest({ headers: { Authorization: `Bearer ${token}` } })
}

export function reasonOf(cause: AuthenticationFailedCause): string {
  return cause.kind === 'InvalidCredentials' ? (cause.reason ?? 'plain') : cause.kind
}
