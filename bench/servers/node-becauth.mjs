import { createServer } from 'node:http'
import { protect } from 'becauth/node'
import { basicOnly, bearerOnly, digestOnly, digestSha256Only } from './becauth.mjs'
import { answerText, report } from './shared.mjs'

function open(_request, response) {
  response.setHeader('Content-Type', 'application/json')
  response.end(answerText)
}

const routes = {
  '/open': open,
  '/open2': open,
  '/basic': protect(basicOnly, open),
  '/bearer': protect(bearerOnly, open),
  '/digest': protect(digestOnly, open),
  '/digest-sha256': protect(digestSha256Only, open),
}
const server = createServer((request, response) => routes[request.url](request, response))
server.listen(0, '127.0.0.1', () => report(server.address().port))
