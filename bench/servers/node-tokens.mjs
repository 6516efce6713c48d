import { createServer } from 'node:http'
import { protect } from 'becauth/node'
import { answerText, report } from './shared.mjs'
import { requirements, tokens } from './token-server.mjs'

function open(_request, response) {
  response.setHeader('Content-Type', 'application/json')
  response.end(answerText)
}

const routes = {
  '/open': open,
  '/open2': open,
  '/tokens': (_request, response) => response.end(JSON.stringify(tokens)),
}
for (const [path, requirement] of Object.entries(requirements)) routes[path] = protect(requirement, open)
const server = createServer((request, response) => routes[request.url](request, response))
server.listen(0, '127.0.0.1', () => report(server.address().port))
