import { createHash, hash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { answerText, report } from './shared.mjs'

/** The least that does the job on one header: what an expert would write for one user, knowing nothing else is needed. */
const digest =
  hash === undefined ? (text) => createHash('sha256').update(text).digest() : (text) => hash('sha256', text, 'buffer')

function open(_request, response) {
  response.setHeader('Content-Type', 'application/json')
  response.end(answerText)
}

function only(expected, challenge) {
  const right = digest(expected)
  return (request, response) => {
    const given = request.headers.authorization
    if (given !== undefined && timingSafeEqual(digest(given), right)) return open(request, response)
    response.writeHead(401, { 'WWW-Authenticate': challenge, 'Content-Length': 0 })
    response.end()
  }
}

const basic = `Basic ${Buffer.from('ada:lovelace').toString('base64')}`
const routes = {
  '/open': open,
  '/open2': open,
  '/basic': only(basic, 'Basic realm="bench"'),
  '/bearer': only('Bearer ada-token', 'Bearer realm="bench"'),
}
const server = createServer((request, response) => routes[request.url](request, response))
server.listen(0, '127.0.0.1', () => report(server.address().port))
