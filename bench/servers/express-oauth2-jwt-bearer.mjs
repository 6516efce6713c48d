import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { answer, report } from './shared.mjs'
import { jwks, tokens } from './token-server.mjs'
import { audience, issuer, secret } from './tokens.mjs'

const open = (_request, response) => response.json(answer)
const app = express()
app.get('/open', open)
app.get('/open2', open)
app.get('/tokens', (_request, response) => response.json(tokens))
app.get('/jwks.json', (_request, response) => response.json(jwks))
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  const jwksUri = `http://127.0.0.1:${port}/jwks.json`
  app.get('/hs256', auth({ issuer, audience, secret, tokenSigningAlg: 'HS256' }), open)
  app.get('/rs256', auth({ issuer, audience, jwksUri, tokenSigningAlg: 'RS256' }), open)
  report(port)
})
