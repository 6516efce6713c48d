import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { sendJson, sendProblem } from './answers.ts'
import type { Live } from './live.ts'
import { isPagePath, sendPage } from './page.ts'
import type { Route } from './routes.ts'

/** Finds the route of each request: 404 where there is none, 405 where it has another method. */
export function createApp(routes: readonly Route[], live: Live): RequestListener {
  const byPath = new Map(routes.map((route) => [route.path, route]))
  return (req, res) => {
    const path = pathOf(req.url ?? '')
    const route = byPath.get(path)
    if (route !== undefined) {
      if (!allows(route.method, req, res)) return
      live.follow(req, res, path)
      route.handle(req, res)
    } else if (path === '/healthz') {
      if (allows('GET', req, res)) sendJson(res, { status: 'ok' })
    } else if (path === '/events') {
      if (allows('GET', req, res)) live.show(res)
    } else if (isPagePath(path)) {
      if (allows('GET', req, res)) sendPage(res, path, routes, `http://127.0.0.1:${req.socket.localPort}`)
    } else {
      sendProblem(res, 404)
    }
  }
}

/** HEAD is allowed where GET is. Node leaves out the body. */
function allows(method: Route['method'], req: IncomingMessage, res: ServerResponse): boolean {
  if (req.method === method || (method === 'GET' && req.method === 'HEAD')) return true
  sendProblem(res, 405, { Allow: method === 'GET' ? 'GET, HEAD' : method })
  return false
}

/** The path of a request target, which may also be an absolute URL (RFC 9112, section 3.2). */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target.split('?', 1)[0] ?? ''
  return URL.canParse(target) ? new URL(target).pathname : ''
}
