import { createServer } from 'node:http'
import { getIronSession } from 'iron-session'
import { data, secret } from './sessions.mjs'
import { answerText, report } from './shared.mjs'

const options = { password: secret, cookieName: 'session', cookieOptions: { secure: false } }

function open(_request, response) {
  response.setHeader('Content-Type', 'application/json')
  response.end(answerText)
}

const routes = {
  '/open': open,
  '/open2': open,
  '/sealed': async (request, response) => {
    const { user } = await getIronSession(request, response, options)
    if (user === undefined) response.statusCode = 401
    open(request, response)
  },
  '/login/sealed': async (request, response) => {
    const session = await getIronSession(request, response, options)
    session.user = data
    await session.save()
    open(request, response)
  },
}
const server = createServer((request, response) => routes[request.url](request, response))
server.listen(0, '127.0.0.1', () => report(server.address().port))
