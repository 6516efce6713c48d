import { authenticate } from 'becauth/express'
import express from 'express'
import { answer, report } from './shared.mjs'
import { requirements, tokens } from './token-server.mjs'

const open = (_request, response) => response.json(answer)
const app = express()
app.get('/open', open)
app.get('/open2', open)
app.get('/tokens', (_request, response) => response.json(tokens))
for (const [path, requirement] of Object.entries(requirements)) app.get(path, authenticate(requirement), open)
const server = app.listen(0, '127.0.0.1', () => report(server.address().port))
