import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { bearerAuth } from 'hono/bearer-auth'
import { answer, checkPassword, checkToken, report } from './shared.mjs'

const open = (c) => c.json(answer)
const app = new Hono()
app.get('/open', open)
app.get('/open2', open)
app.get(
  '/basic',
  basicAuth({ realm: 'bench', verifyUser: (username, password) => checkPassword(username, password) !== null }),
  open,
)
app.get('/bearer', bearerAuth({ realm: 'bench', verifyToken: (token) => checkToken(token) !== null }), open)
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => report(port))
