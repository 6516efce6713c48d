import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { jwt } from 'hono/jwt'
import { answer, report } from './shared.mjs'
import { rs256, tokens } from './token-server.mjs'
import { audience, issuer, secret } from './tokens.mjs'

const hmac = { name: 'HMAC', hash: 'SHA-256' }
const imported = await crypto.subtle.importKey('raw', Buffer.from(secret), hmac, false, ['verify'])
const verification = { iss: issuer, aud: audience }
const open = (c) => c.json(answer)
const app = new Hono()
app.get('/open', open)
app.get('/open2', open)
app.get('/tokens', (c) => c.json(tokens))
app.get('/hs256', jwt({ secret: imported, alg: 'HS256', verification }), open)
app.get('/rs256', jwt({ secret: rs256.jwk, alg: 'RS256', verification }), open)
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => report(port))
