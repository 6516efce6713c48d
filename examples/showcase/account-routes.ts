import type { IncomingMessage, ServerResponse } from 'node:http'
import { returnTo } from 'becauth/form'
import { protect, requestSource } from 'becauth/node'
import type { Session, Sessions } from 'becauth/session'
import { loginPage, mePage, sessionsPage } from './account-pages.ts'
import { sendJson, sendProblem } from './answers.ts'
import * as attempts from './attempts.ts'
import type { Auth } from './auth.ts'
import { readFields } from './body.ts'
import { sendHtml } from './html.ts'
import type { Route } from './routes.ts'
import { clientOf, type Visit } from './sessions.ts'

const jar = '/tmp/becauth-jar'

/** What a logged-in person sees and does: one call each to log in, to log out, to list and to end sessions. */
export function createAccountRoutes(auth: Auth, sessions: Sessions<Visit>): readonly Route[] {
  const own = auth.require('session')

  const login = protect(auth.require('login'), async (req, res, { principal }) => {
    const fields = await readFields(req)
    const data = { name: principal.name, client: clientOf(req.headers['user-agent']) }
    const remember = fields?.get('remember') === 'true'
    await sessions.login(requestSource(req, res), data, { subject: principal.name, remember })
    redirect(res, afterLogin(req))
  })

  const me = protect(own, async (req, res, { principal }) => {
    const session = await sessions.current(requestSource(req, res))
    if (session === undefined) return sendProblem(res, 401)
    if (wantsPage(req, res)) sendHtml(res, mePage(principal, session))
    else sendJson(res, { route: '/me', principal, session: shown(session, session.handle) })
  })

  const list = protect(own, async (req, res, { principal }) => {
    const current = await sessions.current(requestSource(req, res))
    const listed = await sessions.list(principal.name)
    const handle = current?.handle ?? ''
    if (wantsPage(req, res)) sendHtml(res, sessionsPage(listed, handle))
    else sendJson(res, { route: '/sessions', sessions: listed.map((session) => shown(session, handle)) })
  })

  const end = protect(own, async (req, res, { principal }) => {
    const which = (await readFields(req))?.get('end') ?? ''
    const source = requestSource(req, res)
    const current = await sessions.current(source)
    if (which === 'everywhere') await sessions.revokeAll(principal.name)
    if (which === 'everywhere' || which === current?.handle) {
      await sessions.logout(source)
      answerEnd(req, res, '/login')
    } else if (await sessions.revoke(principal.name, which)) answerEnd(req, res, '/sessions')
    else sendProblem(res, 404)
  })

  const logout = protect(
    own,
    async (req, res) => {
      await sessions.logout(requestSource(req, res))
      answerEnd(req, res, '/login')
    },
    {
      onRefused: ({ kind, response }, _req, res) => {
        if (kind === 'unavailable') sendProblem(res, 503, Object.fromEntries(response.headers), mayLive)
      },
    },
  )

  return [
    {
      method: 'POST',
      path: '/login',
      page: true,
      about: 'Starts a session and goes on to where one wanted to go. The link leads to the page with the form.',
      requires: 'login',
      curl: `-c ${jar} -d user=ada -d password=lovelace`,
      attempts: [attempts.wrongLogin, attempts.nothing],
      handle: login,
    },
    {
      method: 'GET',
      path: '/me',
      about: 'Whoever has a session. A browser without one is sent to the login page, and comes back.',
      requires: own.description,
      curl: `-b ${jar}`,
      attempts: [attempts.nothing],
      handle: me,
    },
    {
      method: 'GET',
      path: '/sessions',
      about:
        'One’s own sessions: a page for browsers, JSON for programs. POST end=<handle> or end=everywhere ends them.',
      requires: own.description,
      curl: `-b ${jar}`,
      attempts: [attempts.nothing],
      handle: list,
    },
    {
      method: 'POST',
      path: '/logout',
      about:
        'Ends the session on the server, deletes the cookie, empties the browser’s cache. As no other site may log anybody out, a program says for which one it stands.',
      requires: own.description,
      curl: `-b ${jar} -X POST -H 'Sec-Fetch-Site: same-origin'`,
      attempts: [attempts.nothing],
      handle: logout,
    },
    { ...unlisted, method: 'GET', path: '/login', handle: (req, res) => sendHtml(res, loginPage(afterLogin(req))) },
    { ...unlisted, method: 'POST', path: '/sessions', handle: end },
  ]
}

const mayLive = 'You may still be logged in. Please try again.'

const unlisted = { listed: false, about: '', requires: '', curl: '', attempts: attempts.none } as const

function afterLogin(req: IncomingMessage): string {
  const place = returnTo(req)
  return place === '/' ? '/sessions' : place
}

/** What may be shown of a session. The handle names it, and opens nothing. */
function shown({ data, handle, createdAt, renewedAt, expiresAt, ...rest }: Session<Visit | undefined>, own: string) {
  return {
    handle,
    current: handle === own,
    client: data?.client,
    createdAt,
    renewedAt,
    expiresAt,
    remembered: rest.authenticatedAt === undefined,
  }
}

function answerEnd(req: IncomingMessage, res: ServerResponse, next: string): void {
  if (wantsPage(req, res)) redirect(res, next)
  else sendJson(res, { ended: true })
}

/** The same page and the same JSON have one address, so that caches must know what they depend on. */
export function wantsPage(req: IncomingMessage, res: ServerResponse): boolean {
  res.setHeader('Vary', 'Accept')
  return req.headers.accept?.includes('text/html') === true
}

/** 303: whatever the method was, the next one is GET. */
function redirect(res: ServerResponse, place: string): void {
  res.writeHead(303, { Location: place, 'Content-Length': 0 }).end()
}
