import cookie from '@fastify/cookie'
import secureSession from '@fastify/secure-session'
import session from '@fastify/session'
import { fastify } from 'fastify'
import { data, secret } from './sessions.mjs'
import { answer, report } from './shared.mjs'

function routes(scope, name, get, set) {
  scope.get(`/${name}`, (request, reply) => (get(request) === undefined ? reply.code(401).send() : reply.send(answer)))
  scope.get(`/login/${name}`, (request, reply) => {
    set(request)
    reply.send(answer)
  })
}

const open = (_request, reply) => reply.send(answer)
const app = fastify()
app.get('/open', open)
app.get('/open2', open)
await app.register(async (scope) => {
  await scope.register(cookie)
  await scope.register(session, { secret, saveUninitialized: false, rolling: false, cookie: { secure: false } })
  routes(
    scope,
    'memory',
    (request) => request.session.user,
    (request) => {
      request.session.user = data
    },
  )
})
await app.register(async (scope) => {
  await scope.register(secureSession, { key: Buffer.alloc(32, 1), cookie: { path: '/' } })
  routes(
    scope,
    'sealed',
    (request) => request.session.get('user'),
    (request) => request.session.set('user', data),
  )
})
await app.listen({ port: 0, host: '127.0.0.1' })
report(app.server.address().port)
