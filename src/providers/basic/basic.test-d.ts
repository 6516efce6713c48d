import { authentication } from '../../core/authentication.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { Throttle } from '../../core/ports.ts'
import type { AuthenticationProvider } from '../../core/provider.ts'
import { basic } from './basic.ts'

interface User {
  readonly id: number
}

declare const find: (name: string) => User | null
declare const findLater: (name: string, password: string) => Promise<User | null>

/** The principal is what validate answers, and not `null`. */
export const sync: AuthenticationProvider<User> = basic({ realm: 'r', validate: ({ username }) => find(username) })
export const later: AuthenticationProvider<User> = basic({
  realm: 'r',
  validate: ({ username, password }) => findLater(username, password),
})
export const withCause: AuthenticationProvider<{ id: number }> = basic({
  realm: 'r',
  validate: ({ username }) => (username === '' ? invalidCredentials('unknown') : { id: 1 }),
})

const auth = authentication({ staff: basic({ realm: 'r', validate: async ({ username }) => find(username) }) })
export async function principal(source: Parameters<typeof auth.decide>[0]): Promise<number | undefined> {
  const outcome = await auth.decide(source, 'staff')
  // @ts-expect-error nobody is known before the kind is
  outcome.principal.id
  if (outcome.kind !== 'authenticated') return undefined
  // @ts-expect-error a name that the principal does not have
  outcome.principal.name
  return outcome.principal.id
}

declare const throttle: Throttle
/** A throttle changes nothing about the principal. */
export const throttled: AuthenticationProvider<{ id: number }> = basic({
  realm: 'r',
  throttle,
  validate: ({ username }) => (username === '' ? invalidCredentials('unknown') : { id: 1 }),
})
// @ts-expect-error something else than a throttle
basic({ realm: 'r', throttle: { limit: 5 }, validate: () => ({ id: 1 }) })

// @ts-expect-error another principal
export const other: AuthenticationProvider<{ name: string }> = basic({ realm: 'r', validate: () => ({ id: 1 }) })
// @ts-expect-error a boolean says nothing about who it is
basic({ realm: 'r', validate: () => true })
// @ts-expect-error the same, later
basic({ realm: 'r', validate: async () => false })
// @ts-expect-error undefined is no answer
basic({ realm: 'r', validate: () => undefined })
// @ts-expect-error forgotten on one path
basic({ realm: 'r', validate: ({ username }) => (username === '' ? undefined : { id: 1 }) })
// @ts-expect-error a string is no principal
basic({ realm: 'r', validate: ({ username }) => username })
// @ts-expect-error the realm is required
basic({ validate: () => ({ id: 1 }) })
// @ts-expect-error validate is required
basic({ realm: 'r' })
// @ts-expect-error a charset that nothing here decodes
basic({ realm: 'r', charset: 'UTF-16', validate: () => ({ id: 1 }) })
// @ts-expect-error the credential has no such field
basic({ realm: 'r', validate: ({ name }) => ({ name }) })
