import { createServer } from 'node:http'
import { fromNodeHeaders } from 'better-auth/node'
import { makeBetterAuth } from './better-auth.mjs'
import { answerText, report } from './shared.mjs'

const { auth, cookie } = await makeBetterAuth()

function open(_request, response) {
  response.setHeader('Content-Type', 'application/json')
  response.end(answerText)
}

const routes = {
  '/open': open,
  '/open2': open,
  '/sqlite': async (request, response) => {
    if ((await auth.api.getSession({ headers: fromNodeHeaders(request.headers) })) === null) response.statusCode = 401
    open(request, response)
  },
  '/login/sqlite': (request, response) => {
    response.setHeader('Set-Cookie', cookie.split('; '))
    open(request, response)
  },
}
const server = createServer((request, response) => routes[request.url](request, response))
server.listen(0, '127.0.0.1', () => report(server.address().port))
