import { serve } from '@hono/node-server'
import { authenticate } from 'becauth/hono'
import { Hono } from 'hono'
import { answer, report } from './shared.mjs'
import { requirements, tokens } from './token-server.mjs'

const open = (c) => c.json(answer)
const app = new Hono()
app.get('/open', open)
app.get('/open2', open)
app.get('/tokens', (c) => c.json(tokens))
for (const [path, requirement] of Object.entries(requirements)) app.get(path, authenticate(requirement), open)
serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => report(port))
