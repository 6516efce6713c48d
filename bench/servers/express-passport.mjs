import express from 'express'
import passport from 'passport'
import { BasicStrategy, DigestStrategy } from 'passport-http'
import { Strategy as BearerStrategy } from 'passport-http-bearer'
import { answer, checkPassword, checkToken, hashOf, person, report } from './shared.mjs'

passport.use(
  new BasicStrategy({ realm: 'bench' }, (name, password, done) => done(null, checkPassword(name, password) ?? false)),
)
passport.use(new BearerStrategy({ realm: 'bench' }, (token, done) => done(null, checkToken(token) ?? false)))
// It takes any nonce, any number of times: there is nothing in it to remember.
passport.use(
  new DigestStrategy({ realm: 'bench', qop: 'auth', algorithm: 'MD5' }, (username, done) => {
    const ha1 = hashOf(username, 'MD5')
    return ha1 === null ? done(null, false) : done(null, person, { ha1 })
  }),
)

const open = (_request, response) => response.json(answer)
const app = express()
app.get('/open', open)
app.get('/open2', open)
app.get('/basic', passport.authenticate('basic', { session: false }), open)
app.get('/bearer', passport.authenticate('bearer', { session: false }), open)
app.get('/digest', passport.authenticate('digest', { session: false }), open)
const server = app.listen(0, '127.0.0.1', () => report(server.address().port))
