import { authenticate } from 'becauth/express'
import express from 'express'
import { basicOnly, bearerOnly, digestOnly, digestSha256Only } from './becauth.mjs'
import { answer, report } from './shared.mjs'

const open = (_request, response) => response.json(answer)
const app = express()
app.get('/open', open)
app.get('/open2', open)
app.get('/basic', authenticate(basicOnly), open)
app.get('/bearer', authenticate(bearerOnly), open)
app.get('/digest', authenticate(digestOnly), open)
app.get('/digest-sha256', authenticate(digestSha256Only), open)
const server = app.listen(0, '127.0.0.1', () => report(server.address().port))
