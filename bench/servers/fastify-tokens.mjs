import { authenticate } from 'becauth/fastify'
import { fastify } from 'fastify'
import { answer, report } from './shared.mjs'
import { requirements, tokens } from './token-server.mjs'

const open = (_request, reply) => reply.send(answer)
const app = fastify()
app.get('/open', open)
app.get('/open2', open)
app.get('/tokens', (_request, reply) => reply.send(tokens))
for (const [path, requirement] of Object.entries(requirements)) {
  app.get(path, { onRequest: authenticate(requirement) }, open)
}
await app.listen({ port: 0, host: '127.0.0.1' })
report(app.server.address().port)
