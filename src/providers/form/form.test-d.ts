import { authentication } from '../../core/authentication.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { Throttle } from '../../core/ports.ts'
import type { AuthenticationProvider } from '../../core/provider.ts'
import { form, returnTo } from './form.ts'

interface User {
  readonly id: number
}

declare const find: (name: string, password: string) => Promise<User | null>

/** The principal is what validate answers, and not `null`. */
export const later: AuthenticationProvider<User> = form({
  validate: ({ username, password }) => find(username, password),
  challenge: { redirect: '/login' },
})
export const withCause: AuthenticationProvider<{ id: number }> = form({
  validate: ({ username }) => (username === '' ? invalidCredentials('unknown') : { id: 1 }),
  challenge: { page: (cause) => `<p>${cause.kind}</p>` },
})

const auth = authentication({ login: form({ validate: ({ username, password }) => find(username, password) }) })
export async function principal(source: Parameters<typeof auth.decide>[0]): Promise<number | undefined> {
  const outcome = await auth.decide(source, 'login')
  return outcome.kind === 'authenticated' ? outcome.principal.id : undefined
}

export const places: readonly string[] = [
  returnTo(new Request('https://service.example/')),
  returnTo({ url: new URL('https://service.example/') }, { parameter: 'next' }),
  returnTo({}, { value: new FormData().get('returnTo') }),
]

declare const throttle: Throttle
/** A throttle changes nothing about the principal. */
export const throttled: AuthenticationProvider<{ id: number }> = form({
  throttle,
  validate: ({ username }) => (username === '' ? invalidCredentials('unknown') : { id: 1 }),
})
// @ts-expect-error something else than a throttle
form({ throttle: { limit: 5 }, validate: () => ({ id: 1 }) })

// @ts-expect-error another principal
export const other: AuthenticationProvider<{ name: string }> = form({ validate: () => ({ id: 1 }) })
// @ts-expect-error a boolean says nothing about who it is
form({ validate: () => true })
// @ts-expect-error the same, later
form({ validate: async () => false })
// @ts-expect-error undefined is no answer
form({ validate: () => undefined })
// @ts-expect-error a string is no principal
form({ validate: ({ username }) => username })
// @ts-expect-error validate is required
form({ realm: 'r' })
// @ts-expect-error a path alone is no challenge
form({ validate: () => ({ id: 1 }), challenge: '/login' })
// @ts-expect-error a page is text
form({ validate: () => ({ id: 1 }), challenge: { page: 7 } })
