import type { Requirement } from 'becauth'
import { authenticate, protect, requestSource } from 'becauth/node'
import { wantsPage } from './account-routes.ts'
import { sendJson, sendProblem } from './answers.ts'
import * as attempts from './attempts.ts'
import { sendHtml } from './html.ts'
import type { Route } from './routes.ts'
import type { Sso } from './sso.ts'
import { logoutPage, mePage, ssoHeaders } from './sso-pages.ts'

const jar = '/tmp/becauth-jar'

/** A login at another server, which logs people in for all the services around. */
export function createSsoRoutes({ issuer, auth, visits, login, logout }: Sso): readonly Route[] {
  const own = auth.require('visitor')
  const sending = { headers: ssoHeaders(issuer) }

  const me = protect(own, async (req, res, { principal, provider }) => {
    const current = await visits.current(requestSource(req, res))
    if (current === undefined) return sendProblem(res, 401)
    if (wantsPage(req, res)) sendHtml(res, mePage(principal, current, issuer), sending)
    else sendJson(res, { route: '/sso/me', provider, principal })
  })

  const page = protect(auth.optional('visitor'), (_req, res, { principal }) =>
    sendHtml(res, logoutPage(principal), sending),
  )

  return [
    {
      method: 'GET',
      path: '/sso',
      about:
        'A login by OpenID Connect. The link leads to the identity provider, a server of its own, and back to /sso/me.',
      requires: login.login.description,
      curl: `-L -b ${jar} -c ${jar}`,
      attempts: attempts.none,
      handle: answering(login.login),
    },
    {
      method: 'GET',
      path: '/sso/me',
      about: 'Whoever the identity provider says one is. A browser without a session is sent there, and comes back.',
      requires: own.description,
      curl: `-b ${jar}`,
      attempts: [attempts.nothing],
      handle: me,
    },
    {
      method: 'POST',
      path: '/sso/logout',
      page: true,
      about:
        'Ends the session here and then, where the browser is led, at the identity provider. The link leads to the page with the button. Who logs out over there is logged out here.',
      requires: logout.logout.description,
      curl: `-b ${jar} -X POST -H 'Sec-Fetch-Site: same-origin'`,
      attempts: attempts.none,
      handle: answering(logout.logout),
    },
    { ...unlisted, method: 'GET', path: '/callback/sso', handle: answering(login.callback) },
    { ...unlisted, method: 'GET', path: '/sso/logout', handle: page },
    { ...unlisted, method: 'GET', path: '/callback/sso/logout', handle: answering(logout.afterLogout) },
    { ...unlisted, method: 'POST', path: '/sso/backchannel', handle: answering(logout.backChannel) },
  ]
}

const unlisted = { listed: false, about: '', requires: '', curl: '', attempts: attempts.none } as const

/** Has a requirement answer that lets nobody pass. */
function answering(requirement: Requirement<never>): Route['handle'] {
  const answer = authenticate(requirement)
  return (req, res) => answer(req, res, () => undefined)
}
