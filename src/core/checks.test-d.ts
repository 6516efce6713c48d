import { authentication } from './authentication.ts'
import type { AuthenticationProvider } from './provider.ts'
import type { BoundRequirement } from './requirement.ts'
import type { Anonymous, Authenticated } from './who.ts'

interface Claims {
  readonly sub: string
}
interface Staff {
  readonly id: number
}

declare const api: AuthenticationProvider<Claims>
declare const staff: AuthenticationProvider<Staff>
const auth = authentication({ api, staff })
type Names = 'api' | 'staff'
type Api = Authenticated<'api', { api: Claims }>

/** What is required of somebody changes nothing about who it is. */
export const scoped: BoundRequirement<Names, Api> = auth.requireScopes('api', ['orders:read'])
export const roles: BoundRequirement<Names, Api> = auth.requireRoles(scoped, ['admin'], { claim: ['a', 'b'] })
export const claims: BoundRequirement<Names, Api> = auth.requireClaims(roles, { tenant: ['a', 'b'], ok: () => true })
export const recent: BoundRequirement<Names, Api> = auth.requireAuthentication(claims, { maxAgeSeconds: 300 })
export const optional: BoundRequirement<Names, Api | Anonymous> = auth.optional(recent)

const either = auth.requireScopes(auth.anyOf('staff', 'api'), ['a'])
export async function narrowed(source: Parameters<typeof auth.decide>[0]): Promise<number | string | undefined> {
  const outcome = await auth.decide(source, either)
  if (outcome.kind !== 'authenticated') return undefined
  return outcome.provider === 'staff' ? outcome.principal.id : outcome.principal.sub
}

declare const some: readonly string[]
auth.requireScopes('api', some)
// @ts-expect-error the requirement may be anonymous
auth.requireScopes(auth.optional('api'), ['a'])
// @ts-expect-error the same
auth.requireRoles(auth.attempt('api'), ['a'])
// @ts-expect-error the same
auth.requireClaims(auth.optional('api'), { a: 'b' })
const skippable = auth.skipWhen(() => true, 'api')
// @ts-expect-error the same
auth.requireAuthentication(skippable, { maxAgeSeconds: 5 })
// @ts-expect-error a name that nobody has
auth.requireScopes('ap', ['a'])
// @ts-expect-error one scope is a list as well
auth.requireScopes('api', 'a')
// @ts-expect-error a promise is no answer
auth.requireClaims('api', { a: async () => true })
// @ts-expect-error a word for seconds
auth.requireAuthentication('api', { maxAgeSeconds: '5 min' })
// @ts-expect-error another who
export const other: BoundRequirement<Names, Authenticated<'staff', { staff: Staff }>> = auth.requireScopes('api', ['a'])
