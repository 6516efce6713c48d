import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { SessionUnavailable } from 'becauth/session'
import { sendJson, sendProblem } from './answers.ts'
import type { Live } from './live.ts'
import { isPagePath, sendPage } from './page.ts'
import type { Route } from './routes.ts'

/** Finds the route of each request: 404 where there is none, 405 where it has another method. */
export function createApp(routes: readonly Route[], live: Live): RequestListener {
  const paths = new Set(routes.map(({ path }) => path))
  const methods = new Map([...paths].map((path) => [path, routes.filter((route) => route.path === path)]))
  return (req, res) => {
    const path = pathOf(req.url ?? '')
    const found = methods.get(path)
    if (found !== undefined) {
      const method = req.method === 'HEAD' ? 'GET' : req.method
      const route = found.find((one) => one.method === method)
      if (route === undefined) refuseMethod(found, res)
      else {
        live.follow(req, res, path)
        answer(route, req, res)
      }
    } else if (path === '/healthz') {
      if (isRead(req, res)) sendJson(res, { status: 'ok' })
    } else if (path === '/events') {
      if (isRead(req, res)) live.show(res)
    } else if (isPagePath(path)) {
      if (isRead(req, res)) sendPage(res, path, routes, `http://127.0.0.1:${req.socket.localPort}`)
    } else {
      sendProblem(res, 404)
    }
  }
}

/** What a handler throws, a store that is down, say, is an answer as well. */
async function answer(route: Route, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    await route.handle(req, res)
  } catch (error) {
    if (!(error instanceof SessionUnavailable)) console.error(error)
    if (res.headersSent) res.destroy()
    else if (!(error instanceof SessionUnavailable)) sendProblem(res, 500)
    else res.writeHead(error.status, Object.fromEntries(error.response.headers)).end(error.response.body)
  }
}

function isRead(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.method === 'GET' || req.method === 'HEAD') return true
  refuseMethod([{ method: 'GET' }], res)
  return false
}

/** HEAD is allowed where GET is. Node leaves out the body. */
function refuseMethod(found: readonly Pick<Route, 'method'>[], res: ServerResponse): void {
  const allowed = found.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  sendProblem(res, 405, { Allow: allowed.sort().join(', ') })
}

/** The path of a request target, which may also be an absolute URL (RFC 9112, section 3.2). */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target.split('?', 1)[0] ?? ''
  return URL.canParse(target) ? new URL(target).pathname : ''
}
