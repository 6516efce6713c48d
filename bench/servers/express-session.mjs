import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { data, redisClient, secret } from './sessions.mjs'
import { answer, report } from './shared.mjs'

const client = await redisClient()
const common = { secret, resave: false, saveUninitialized: false }
const kept = {
  memory: session(common),
  ...(client && { redis: session({ ...common, store: new RedisStore({ client }) }) }),
}
const open = (_request, response) => response.json(answer)
const app = express()
app.get('/open', open)
app.get('/open2', open)
for (const [name, sessions] of Object.entries(kept)) {
  app.get(`/${name}`, sessions, (request, response) =>
    request.session.user === undefined ? response.status(401).end() : response.json(answer),
  )
  app.get(`/login/${name}`, sessions, (request, response) => {
    request.session.user = data
    response.json(answer)
  })
}
const server = app.listen(0, '127.0.0.1', () => report(server.address().port))
