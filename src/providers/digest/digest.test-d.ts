import { authentication } from '../../core/authentication.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { AuthenticationProvider } from '../../core/provider.ts'
import { type DigestCredential, digest } from './digest.ts'

const secret = (username: string) => (username === 'ada' ? 'lovelace' : null)

/** Without validate the principal has the name; with it, it is what validate answers. */
export const named: AuthenticationProvider<{ readonly name: string }> = digest({ realm: 'r', secret })
export const own: AuthenticationProvider<{ id: number }> = digest({ realm: 'r', secret, validate: () => ({ id: 1 }) })
export const later: AuthenticationProvider<{ id: number }> = digest({
  realm: 'r',
  ha1: async ({ username, realm, algorithm }, { signal }) =>
    signal.aborted ? null : `${username}${realm}${algorithm}`,
  validate: async ({ username }) => (username === '' ? invalidCredentials('locked') : { id: 1 }),
})

const auth = authentication({ device: digest({ realm: 'r', secret }) })
export async function name(source: Parameters<typeof auth.decide>[0]): Promise<string | undefined> {
  const outcome = await auth.decide(source, 'device')
  if (outcome.kind !== 'authenticated') return undefined
  // @ts-expect-error a name that the principal does not have
  outcome.principal.id
  return outcome.principal.name
}

export const counted = (credential: DigestCredential): string | undefined => credential.nc

// @ts-expect-error another principal
export const other: AuthenticationProvider<{ id: number }> = digest({ realm: 'r', secret })
// @ts-expect-error a boolean says nothing about who it is
digest({ realm: 'r', secret, validate: () => true })
// @ts-expect-error undefined is no answer
digest({ realm: 'r', secret, validate: () => undefined })
// @ts-expect-error an algorithm that Digest does not have
digest({ realm: 'r', secret, algorithms: ['SHA-1'] })
// @ts-expect-error the realm is required
digest({ secret })
// @ts-expect-error a password may be unknown, not undefined
digest({ realm: 'r', secret: () => undefined })
