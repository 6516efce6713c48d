import { authenticate } from 'becauth/express'
import { requestSource } from 'becauth/node'
import express from 'express'
import { data, makeSessions, subject } from './sessions.mjs'
import { answer, report } from './shared.mjs'

const { kept, auth } = await makeSessions()
const open = (_request, response) => response.json(answer)
const app = express()
app.get('/open', open)
app.get('/open2', open)
for (const name of Object.keys(kept)) {
  app.get(`/${name}`, authenticate(auth.require(name)), open)
  app.get(`/login/${name}`, async (request, response) => {
    await kept[name].login(requestSource(request, response), data, { subject })
    response.json(answer)
  })
}
const server = app.listen(0, '127.0.0.1', () => report(server.address().port))
