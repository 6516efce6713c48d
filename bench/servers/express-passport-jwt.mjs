import express from 'express'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { answer, report } from './shared.mjs'
import { rs256, tokens } from './token-server.mjs'
import { audience, issuer, secret } from './tokens.mjs'

function use(name, algorithm, secretOrKey) {
  const options = {
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    secretOrKey,
    issuer,
    audience,
    algorithms: [algorithm],
  }
  passport.use(name, new Strategy(options, (claims, done) => done(null, claims)))
}
use('hs256', 'HS256', secret)
use('rs256', 'RS256', rs256.pem)

const open = (_request, response) => response.json(answer)
const app = express()
app.get('/open', open)
app.get('/open2', open)
app.get('/tokens', (_request, response) => response.json(tokens))
for (const name of ['hs256', 'rs256']) app.get(`/${name}`, passport.authenticate(name, { session: false }), open)
const server = app.listen(0, '127.0.0.1', () => report(server.address().port))
