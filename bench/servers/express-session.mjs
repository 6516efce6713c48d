import express from 'express'
import session from 'express-session'
import { data, secret } from './sessions.mjs'
import { answer, report } from './shared.mjs'

const sessions = session({ secret, resave: false, saveUninitialized: false })
const open = (_request, response) => response.json(answer)
const app = express()
app.get('/open', open)
app.get('/open2', open)
app.get('/memory', sessions, (request, response) =>
  request.session.user === undefined ? response.status(401).end() : response.json(answer),
)
app.get('/login/memory', sessions, (request, response) => {
  request.session.user = data
  response.json(answer)
})
const server = app.listen(0, '127.0.0.1', () => report(server.address().port))
