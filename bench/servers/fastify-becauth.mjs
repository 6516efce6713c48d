import { authenticate } from 'becauth/fastify'
import { fastify } from 'fastify'
import { basicOnly, bearerOnly, digestOnly, digestSha256Only } from './becauth.mjs'
import { answer, report } from './shared.mjs'

const open = (_request, reply) => reply.send(answer)
const app = fastify()
app.get('/open', open)
app.get('/open2', open)
app.get('/basic', { onRequest: authenticate(basicOnly) }, open)
app.get('/bearer', { onRequest: authenticate(bearerOnly) }, open)
app.get('/digest', { onRequest: authenticate(digestOnly) }, open)
app.get('/digest-sha256', { onRequest: authenticate(digestSha256Only) }, open)
await app.listen({ port: 0, host: '127.0.0.1' })
report(app.server.address().port)
