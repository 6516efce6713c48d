import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { type AuthenticationListener, authentication } from 'becauth'
import { randomToken } from 'becauth/crypto'
import { loginRoutes, logoutRoutes, oidc, oidcClient, sessionTokens } from 'becauth/oidc'
import { session, sessions } from 'becauth/session'
import { z } from 'zod'
import type { Application } from './identity-provider.ts'
import type { Neighbour } from './neighbour.ts'
import { failedPage } from './sso-pages.ts'
import type { Stores } from './stores.ts'
import { userNamed } from './users.ts'

/** Everything about logins at the identity provider. */
export type Sso = ReturnType<typeof createSso>

/** Registers the showcase with the identity provider, and has that answer next door. */
export function createSso(
  base: string,
  { base: issuer, server }: Neighbour,
  { sessions: store }: Stores,
  listener: AuthenticationListener,
) {
  const application: Application = {
    id: 'showcase',
    secret: randomToken(),
    home: base,
    redirectUri: `${base}/callback/sso`,
    loggedOutUri: `${base}/callback/sso/logout`,
    backChannelUri: `${base}/sso/backchannel`,
  }
  server.on('request', whenAsked(issuer, application))
  // In the store of the other sessions, under another cookie: one may be logged in here and there as two people.
  const visits = sessions({ store, schema: z.object({ name: z.string() }), cookie: { name: '__Host-sso' } })
  const client = oidcClient({
    settings: {
      issuer,
      clientId: application.id,
      clientAuthentication: { method: 'client_secret_basic', secret: application.secret },
      scopes: ['openid'],
    },
    redirectUri: application.redirectUri,
    keys: [{ id: String(process.pid), key: randomBytes(32) }],
  })
  const tokens = sessionTokens({ client, sessions: visits })
  const auth = authentication(
    {
      sso: oidc({ client, onFailure: (cause) => ({ page: failedPage(cause) }) }),
      visitor: session({
        sessions: visits,
        validate: ({ data }) => userNamed(data.name),
        challenge: { redirect: '/sso' },
      }),
    },
    { listeners: [listener], baseUrl: base },
  )
  const login = loginRoutes(auth.require('sso'), {
    sessions: visits,
    tokens,
    session: ({ principal }) => {
      const user = userNamed(principal.claims.sub)
      return user && { subject: subjectOf(user.name), data: { name: user.name } }
    },
    signedIn: auth.require('visitor'),
    home: '/sso/me',
  })
  const logout = logoutRoutes(auth.optional('visitor'), {
    client,
    sessions: visits,
    tokens,
    postLogoutRedirectUri: application.loggedOutUri,
    home: '/sso/logout',
  })
  return { issuer, auth, visits, login, logout }
}

/** Of nobody who logged in at the showcase itself: the lists of a subject's sessions are those of the whole store. */
function subjectOf(name: string): string {
  return `sso:${name}`
}

/** It takes a while to load, so not before somebody asks. */
function whenAsked(issuer: string, application: Application): RequestListener {
  let answering: Promise<RequestListener> | undefined
  return async (req, res) => {
    answering ??= import('./identity-provider.ts').then((loaded) => loaded.createIdentityProvider(issuer, application))
    try {
      const answer = await answering
      answer(req, res)
    } catch (error) {
      console.error(error)
      res.writeHead(500).end()
    }
  }
}
