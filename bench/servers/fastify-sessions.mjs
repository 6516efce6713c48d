import { authenticate } from 'becauth/fastify'
import { requestSource } from 'becauth/node'
import { fastify } from 'fastify'
import { data, makeSessions, subject } from './sessions.mjs'
import { answer, report } from './shared.mjs'

const { kept, auth } = await makeSessions()
const open = (_request, reply) => reply.send(answer)
const app = fastify()
app.get('/open', open)
app.get('/open2', open)
for (const name of Object.keys(kept)) {
  app.get(`/${name}`, { onRequest: authenticate(auth.require(name)) }, open)
  app.get(`/login/${name}`, async (request, reply) => {
    const { headers } = await kept[name].login(requestSource(request.raw), data, { subject })
    for (const [field, value] of headers) reply.header(field, value)
    return answer
  })
}
await app.listen({ port: 0, host: '127.0.0.1' })
report(app.server.address().port)
