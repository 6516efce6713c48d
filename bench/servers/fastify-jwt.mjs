import jwt from '@fastify/jwt'
import { fastify } from 'fastify'
import { answer, report } from './shared.mjs'
import { rs256, tokens } from './token-server.mjs'
import { audience, issuer, secret } from './tokens.mjs'

const open = (_request, reply) => reply.send(answer)
const app = fastify()
app.get('/open', open)
app.get('/open2', open)
app.get('/tokens', (_request, reply) => reply.send(tokens))

async function route(path, algorithm, key, cache) {
  await app.register(async (scope) => {
    const verify = { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, cache }
    await scope.register(jwt, { secret: key, verify })
    scope.get(path, { onRequest: (request) => request.jwtVerify() }, open)
  })
}
await route('/hs256', 'HS256', secret, false)
await route('/rs256', 'RS256', { public: rs256.pem }, false)
await route('/rs256-cached', 'RS256', { public: rs256.pem }, true)
await app.listen({ port: 0, host: '127.0.0.1' })
report(app.server.address().port)
