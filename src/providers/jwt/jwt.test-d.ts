import { z } from 'zod'
import { expectType } from '../../../test/types/expect-type.ts'
import { authentication } from '../../core/authentication.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { AuthenticationProvider } from '../../core/provider.ts'
import type { TokenResource } from '../../core/token-resource.ts'
import type { KeySource } from '../../keys/key-source.ts'
import type { JsonValue } from '../../wire/json.ts'
import { type IssuerRules, type JwtClaims, jwt, type StandardSchema } from './jwt.ts'

declare const keys: KeySource
const shared = { issuer: 'https://id.example', audience: 'orders', keys }

interface User {
  readonly id: number
}

declare const find: (subject: string | undefined) => Promise<User | null>

/** Without more, the principal is the claims. */
expectType<AuthenticationProvider<JwtClaims>>()(jwt(shared))
declare const claims: JwtClaims
expectType<string | undefined>()(claims.sub)
expectType<JsonValue | undefined>()(claims.tenant)
// @ts-expect-error claims are frozen
claims.sub = 'x'

/** With a schema, it is what the schema makes of them. */
const schema = z.object({ sub: z.string(), roles: z.array(z.string()).default([]) })
expectType<AuthenticationProvider<{ sub: string; roles: string[] }>>()(jwt({ ...shared, claims: schema }))

/** With `validate`, it is what that answers; claims and header are typed. */
export const validated: AuthenticationProvider<User> = jwt({
  ...shared,
  validate: ({ claims, header }) => {
    expectType<JwtClaims>()(claims)
    expectType<string>()(header.alg)
    return claims.sub === '' ? invalidCredentials('revoked') : find(claims.sub)
  },
})
export const both: AuthenticationProvider<User> = jwt({
  ...shared,
  claims: schema,
  validate: ({ claims }) => {
    expectType<{ sub: string; roles: string[] }>()(claims)
    return find(claims.sub)
  },
})

const auth = authentication({ api: jwt({ ...shared, claims: schema }), people: validated })
export async function principals(source: Parameters<typeof auth.decide>[0]): Promise<void> {
  const outcome = await auth.decide(source, auth.allOf('api', 'people'))
  if (outcome.kind !== 'authenticated') return
  expectType<{ sub: string; roles: string[] }>()(outcome.principals.api)
  expectType<User>()(outcome.principals.people)
}

/** Any validator of the standard will do. */
declare const other: StandardSchema<{ readonly tenant: string }>
expectType<AuthenticationProvider<{ readonly tenant: string }>>()(jwt({ ...shared, claims: other }))

/** Several issuers, listed or looked up. */
declare const rules: IssuerRules
expectType<AuthenticationProvider<JwtClaims>>()(jwt({ issuers: { 'https://a.example': rules } }))
expectType<AuthenticationProvider<{ sub: string; roles: string[] }>>()(
  jwt({ issuers: async (issuer) => (issuer === 'https://a.example' ? rules : null), claims: schema }),
)

/** A resource says what the audience is. */
declare const resource: TokenResource
expectType<AuthenticationProvider<JwtClaims>>()(jwt({ issuer: 'https://id.example', keys, resource }))
expectType<AuthenticationProvider<{ sub: string; roles: string[] }>>()(
  jwt({ issuer: 'https://id.example', keys, resource, claims: schema }),
)
// @ts-expect-error an address is no resource
jwt({ issuer: 'https://id.example', keys, resource: 'https://service.example' })

// @ts-expect-error the issuer is required
jwt({ audience: 'orders', keys })
// @ts-expect-error the audience is required
jwt({ issuer: 'https://id.example', keys })
// @ts-expect-error the keys are required
jwt({ issuer: 'https://id.example', audience: 'orders' })
// @ts-expect-error one issuer or several
jwt({ ...shared, issuers: { 'https://a.example': rules } })
// @ts-expect-error unsigned tokens are nobody's
jwt({ ...shared, algorithms: ['none'] })
// @ts-expect-error a text is no source of keys
jwt({ ...shared, keys: 'secret' })
// @ts-expect-error a boolean says nothing about who it is
jwt({ ...shared, validate: () => true })
// @ts-expect-error undefined is no answer
jwt({ ...shared, validate: () => undefined })
// @ts-expect-error a schema of texts makes no principal
jwt({ ...shared, claims: z.string() })
// @ts-expect-error neither is the answer about an issuer
jwt({ issuers: () => true })
