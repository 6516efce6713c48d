import { type Authentication, authentication } from '../../core/authentication.ts'
import type { AuthenticationProvider } from '../../core/provider.ts'
import type { Requirement } from '../../core/requirement.ts'
import type { SealedSessions } from '../../sessions/sealed/session.ts'
import type { Sessions } from '../../sessions/types.ts'
import { type OAuth2Credential, oauth2 } from '../oauth2/oauth2.ts'
import { type LoginRoutes, loginRoutes, type OidcCredential, oidc } from './oidc.ts'

declare const stored: Sessions<{ account: string }>
declare const sealed: SealedSessions<{ account: string }>

const settings = {
  issuer: 'https://id.example',
  clientId: 'orders',
  clientAuthentication: { method: 'none' },
} as const
const shared = { redirectUri: '/callback', keys: [{ id: 'a', key: 'k' }] }

// Without `validate` the credential is the principal.
export const plain: AuthenticationProvider<OidcCredential> = oidc({ settings, ...shared })
export const plainOauth2: AuthenticationProvider<OAuth2Credential> = oauth2({ settings, ...shared })

// With it, what it answers.
export const own: AuthenticationProvider<{ id: string }> = oidc({
  settings,
  ...shared,
  validate: ({ claims, tokens }) => (tokens.scopes?.includes('admin') ? { id: claims.sub } : null),
})

// @ts-expect-error: forgetting what to answer is no answer
export const forgotten = oidc({ settings, ...shared, validate: () => true })

// @ts-expect-error: settings and resolve exclude each other
export const both = oidc({ settings, resolve: () => null, ...shared })

// @ts-expect-error: tokens of oauth2() say nothing that is verified
export const unverified = oauth2({ settings, ...shared, validate: ({ claims }) => ({ claims }) })

const auth: Authentication<{ office: { id: string } }> = authentication({ office: own })

// Both kinds of sessions can be started, with the data that they hold.
export const routes: LoginRoutes = loginRoutes(auth.require('office'), {
  sessions: stored,
  session: ({ principal }) => ({ subject: principal.id, data: { account: principal.id } }),
})
export const sealedRoutes: LoginRoutes = loginRoutes(auth.require('office'), {
  sessions: sealed,
  session: ({ principal }, { tokens }) => ({ subject: principal.id, data: { account: tokens.tokenType } }),
})

export const wrongData: LoginRoutes = loginRoutes(auth.require('office'), {
  sessions: stored,
  // @ts-expect-error: the data must be what the sessions hold
  session: ({ principal }) => ({ subject: principal.id, data: { name: principal.id } }),
})

// Nothing passes a route: there is no handler to write.
export const route: Requirement<never> = routes.login

// @ts-expect-error: a requirement that may be anonymous cannot start a session
export const anonymous = loginRoutes(auth.optional('office'), { sessions: stored, session: () => null })
