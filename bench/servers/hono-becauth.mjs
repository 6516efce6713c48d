import { serve } from '@hono/node-server'
import { authenticate } from 'becauth/hono'
import { Hono } from 'hono'
import { basicOnly, bearerOnly, digestOnly, digestSha256Only } from './becauth.mjs'
import { answer, report } from './shared.mjs'

const open = (c) => c.json(answer)
const app = new Hono()
app.get('/open', open)
app.get('/open2', open)
app.get('/basic', authenticate(basicOnly), open)
app.get('/bearer', authenticate(bearerOnly), open)
app.get('/digest', authenticate(digestOnly), open)
app.get('/digest-sha256', authenticate(digestSha256Only), open)
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => report(port))
