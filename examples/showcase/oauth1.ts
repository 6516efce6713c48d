import { randomBytes } from 'node:crypto'
import { type AuthenticationFailedCause, type AuthenticationListener, authentication } from 'becauth'
import { randomToken } from 'becauth/crypto'
import { type Oauth1ConsumerKey, Oauth1DeniedError, oauth1, oauth1Authorization } from 'becauth/oauth1'
import { z } from 'zod'
import * as attempts from './attempts.ts'
import { page } from './html.ts'
import type { Neighbour } from './neighbour.ts'
import { createOauth1Server } from './oauth1-server.ts'
import { principalOf, type Route, route } from './routes.ts'
import { personOf, type User, userNamed } from './users.ts'

const whoSchema = z.object({ name: z.string() })

/** Makes the route that one comes to by a login at a server of OAuth 1.0a, and has that server answer next door. */
export function createOauth1Routes(
  base: string,
  { base: other, server }: Neighbour,
  listener: AuthenticationListener,
): readonly Route[] {
  const consumer = { consumerKey: 'showcase', consumerSecret: randomToken(), method: 'HMAC-SHA256' } as const
  // The page and the callback are one: whoever comes without an answer of that server is sent there.
  const callbackUrl = `${base}/oauth1`
  const { consumerKey, consumerSecret: secret, method } = consumer
  const applications = { [consumerKey]: { name: 'the showcase', callbackUrl, secret, methods: [method] } }
  server.on(
    'request',
    createOauth1Server({ baseUrl: other, applications, isPerson: (...login) => personOf(...login) !== null }),
  )
  const auth = authentication(
    {
      oauth1: oauth1({
        server: {
          requestTokenUrl: `${other}/oauth/request_token`,
          authorizeUrl: `${other}/oauth/authorize`,
          accessTokenUrl: `${other}/oauth/access_token`,
          consumer,
        },
        callbackUrl,
        keys: [{ id: String(process.pid), key: randomBytes(32) }],
        validate: (token) => whose(token, `${other}/api/me`, consumer),
        onFailure: (cause) => ({ page: failedPage(cause) }),
      }),
    },
    { listeners: [listener], baseUrl: base },
  )
  return [
    route({
      path: '/oauth1',
      about:
        'A login at another server, by OAuth 1.0a: the link leads there and back. Programs are not sent there; they get 401.',
      requirement: auth.require('oauth1'),
      answer: principalOf,
      curl: "-L -b /tmp/becauth-jar -c /tmp/becauth-jar -H 'Accept: text/html'",
      attempts: [attempts.nothing],
    }),
  ]
}

/** Asks the other server whose token it is: a request that is signed by it. */
async function whose(
  token: { readonly token: string; readonly tokenSecret: string },
  url: string,
  consumer: Oauth1ConsumerKey,
): Promise<User | null> {
  const authorization = await oauth1Authorization({ url }, consumer, { token })
  const answer = await fetch(url, { headers: { authorization } })
  return userNamed(whoSchema.parse(await answer.json()).name)
}

function failedPage(cause: AuthenticationFailedCause): string {
  const why = cause instanceof Oauth1DeniedError ? 'You did not allow it.' : 'The login is over, or failed.'
  return page('Not logged in', `<p>${why}</p>\n  <p><a href="/oauth1">Try again</a></p>`)
}
