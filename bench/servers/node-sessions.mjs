import { createServer } from 'node:http'
import { protect, requestSource } from 'becauth/node'
import { data, makeSessions, subject } from './sessions.mjs'
import { answerText, report } from './shared.mjs'

const { kept, auth } = await makeSessions()

function open(_request, response) {
  response.setHeader('Content-Type', 'application/json')
  response.end(answerText)
}

const routes = { '/open': open, '/open2': open }
for (const name of Object.keys(kept)) {
  routes[`/${name}`] = protect(auth.require(name), open)
  routes[`/login/${name}`] = async (request, response) => {
    await kept[name].login(requestSource(request, response), data, { subject })
    open(request, response)
  }
}
const server = createServer((request, response) => routes[request.url](request, response))
server.listen(0, '127.0.0.1', () => report(server.address().port))
