import basicAuth from '@fastify/basic-auth'
import bearerAuth from '@fastify/bearer-auth'
import { fastify } from 'fastify'
import { answer, checkPassword, checkToken, report } from './shared.mjs'

const open = (_request, reply) => reply.send(answer)
const app = fastify()
app.get('/open', open)
app.get('/open2', open)
await app.register(async (scope) => {
  await scope.register(basicAuth, {
    authenticate: { realm: 'bench' },
    validate: (username, password, _request, _reply, done) =>
      done(checkPassword(username, password) === null ? new Error('wrong') : undefined),
  })
  scope.get('/basic', { onRequest: scope.basicAuth }, open)
})
await app.register(async (scope) => {
  await scope.register(bearerAuth, { keys: new Set(), auth: (token) => checkToken(token) !== null })
  scope.get('/bearer', open)
})
await app.listen({ port: 0, host: '127.0.0.1' })
report(app.server.address().port)
