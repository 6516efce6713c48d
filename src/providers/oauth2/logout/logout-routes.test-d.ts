import type { Requirement } from '../../../core/requirement.ts'
import type { SealedSessions } from '../../../sessions/sealed/session.ts'
import type { Sessions } from '../../../sessions/types.ts'
import type { OAuth2Client } from '../client.ts'
import type { SessionTokens } from '../session-tokens/session-tokens.ts'
import type { LogoutRoutes, StoredLogoutRoutes } from './logout-options.ts'
import { logoutRoutes } from './logout-routes.ts'

declare const visitor: Requirement
declare const client: OAuth2Client
declare const stored: Sessions<{ account: string }>
declare const sealed: SealedSessions<{ account: string }>
declare const tokens: SessionTokens

// Stored sessions can be ended by the issuer.
export const all: StoredLogoutRoutes = logoutRoutes(visitor, { client, sessions: stored, tokens })
export const back: Requirement<never> = all.backChannel
export const front: Requirement<never> = all.frontChannel

// Sealed ones by the person alone.
export const some: LogoutRoutes = logoutRoutes(visitor, { client, sessions: sealed })
// @ts-expect-error: nobody but the browser has a sealed session
export const none = logoutRoutes(visitor, { client, sessions: sealed }).backChannel
// @ts-expect-error: nor can a frame end it
export const nor = logoutRoutes(visitor, { client, sessions: sealed }).frontChannel
// @ts-expect-error: so that no logout tokens come
export const store = logoutRoutes(visitor, { client, sessions: sealed, store: { consume: () => 'fresh' } })
