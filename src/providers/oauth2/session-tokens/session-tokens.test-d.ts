import { type Authentication, authentication } from '../../../core/authentication.ts'
import type { SealedSessions } from '../../../sessions/sealed/session.ts'
import type { Sessions } from '../../../sessions/types.ts'
import { type LoginRoutes, loginRoutes } from '../login/routes.ts'
import { oauth2, oauth2Client } from '../oauth2.ts'
import { type SessionAccessToken, type SessionTokens, sessionTokens } from './session-tokens.ts'

declare const stored: Sessions<{ account: string }>
declare const sealed: SealedSessions<{ account: string }>
declare const request: Request

const client = oauth2Client({
  settings: { issuer: 'https://id.example', clientId: 'orders', clientAuthentication: { method: 'none' } },
  redirectUri: '/callback',
  keys: [{ id: 'a', key: 'k' }],
})
const auth: Authentication<{ office: { id: string } }> = authentication({
  office: oauth2({ client, validate: () => ({ id: '7' }) }),
})
const session = () => ({ subject: '7', data: { account: '7' } })

export const tokens: SessionTokens = sessionTokens({ client, sessions: stored })

// @ts-expect-error: a cookie is no place for tokens, and nobody could take them out of it
export const inCookies = sessionTokens({ client, sessions: sealed })

export const routes: LoginRoutes = loginRoutes(auth.require('office'), { sessions: stored, session, tokens })

// @ts-expect-error: sealed sessions keep no tokens
export const sealedRoutes = loginRoutes(auth.require('office'), { sessions: sealed, session, tokens })

export const plain: LoginRoutes = loginRoutes(auth.require('office'), { sessions: sealed, session })

// There may be none.
export async function token(): Promise<SessionAccessToken | undefined> {
  const source = { native: request, signal: request.signal, header: () => undefined }
  // @ts-expect-error: whoever has no session has no token
  const sure: SessionAccessToken = await tokens.accessToken(source)
  return sure
}
