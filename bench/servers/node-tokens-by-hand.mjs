import { createHmac, timingSafeEqual, verify } from 'node:crypto'
import { createServer } from 'node:http'
import { answerText, report } from './shared.mjs'
import { rs256, tokens } from './token-server.mjs'
import { audience, issuer, secretKey } from './tokens.mjs'

/** The least that does the job for one key: what an expert would write, knowing that nothing else will come. */
function only(alg, isRight) {
  return (request, response) => {
    if (isAccepted(request.headers.authorization, alg, isRight)) return open(request, response)
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer', 'Content-Length': 0 })
    response.end()
  }
}

function isAccepted(field, alg, isRight) {
  if (field === undefined || !field.startsWith('Bearer ')) return false
  const [header = '', payload = '', signature = ''] = field.slice(7).split('.')
  if (JSON.parse(Buffer.from(header, 'base64url').toString()).alg !== alg) return false
  if (!isRight(Buffer.from(`${header}.${payload}`), Buffer.from(signature, 'base64url'))) return false
  const { iss, aud, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  return iss === issuer && aud === audience && exp > Date.now() / 1000
}

function byHmac(signed, signature) {
  const tag = createHmac('sha256', secretKey).update(signed).digest()
  return tag.length === signature.length && timingSafeEqual(tag, signature)
}

function open(_request, response) {
  response.setHeader('Content-Type', 'application/json')
  response.end(answerText)
}

const routes = {
  '/open': open,
  '/open2': open,
  '/tokens': (_request, response) => response.end(JSON.stringify(tokens)),
  '/hs256': only('HS256', byHmac),
  '/rs256': only('RS256', (signed, signature) => verify('sha256', signed, rs256.publicKey, signature)),
}
const server = createServer((request, response) => routes[request.url](request, response))
server.listen(0, '127.0.0.1', () => report(server.address().port))
