import type { Authentication, Peer, WhoFrom } from 'becauth'
import { authenticate, protect } from 'becauth/hono'
import { type Context, type Env, Hono } from 'hono'
import { hc } from 'hono/client'
import { validator } from 'hono/validator'
import { expectType } from '../../../test/types/expect-type.ts'

interface Staff {
  readonly name: string
}
interface Claims {
  readonly sub: string
}
interface Bound {
  Bindings: { region: string }
}

declare const auth: Authentication<{ staff: Staff; api: Claims }>
declare const context: Context

// ---- authenticate: the variable is typed, and so are path, bindings and answer ---------------------------------------
const staff = authenticate(auth.require('staff'))
const chained = new Hono<Bound>().get('/users/:id', staff, (c) => {
  expectType<Staff>()(c.var.auth.principal)
  expectType<Staff>()(c.get('auth').principal)
  expectType<Staff>()(staff.of(c).principal)
  expectType<string>()(c.req.param('id'))
  expectType<string>()(c.env.region)
  return c.json({ name: c.var.auth.principal.name })
})
expectType<{ name: string }>()(await (await hc<typeof chained>('/').users[':id'].$get({ param: { id: '1' } })).json())

new Hono().use(staff).get('/', (c) => {
  expectType<Staff>()(c.var.auth.principal)
  return c.text('')
})

new Hono().get('/', authenticate(auth.anyOf('staff', 'api')), (c) => {
  const who = c.var.auth
  return c.text(who.provider === 'api' ? who.principal.sub : who.principal.name)
})

// ---- authenticate: stacked scopes ------------------------------------------------------------------------------------
new Hono().get('/', authenticate(auth.optional('api')), authenticate(auth.require('api')), (c) => {
  expectType<Claims>()(c.var.auth.principal)
  return c.text('')
})
new Hono().get('/', staff, authenticate(auth.require('api'), 'device'), (c) => {
  expectType<Staff>()(c.var.auth.principal)
  expectType<Claims>()(c.var.device.principal)
  return c.text('')
})
new Hono().get('/', staff, authenticate(auth.require('api')), (c) => {
  // @ts-expect-error Two providers under one name are nobody: the second scope needs a key.
  c.var.auth.principal
  return c.text('')
})

// A sub-app names what it expects.
new Hono<{ Variables: { auth: WhoFrom<typeof required> } }>().get('/', (c) => c.text(c.var.auth.principal.name))
const required = auth.require('staff')

// ---- authenticate: what does not compile -----------------------------------------------------------------------------
new Hono().get('/', authenticate(auth.optional('staff')), (c) => {
  // @ts-expect-error Nobody may be there.
  c.var.auth.principal.name
  return c.text(c.var.auth.principal?.name ?? 'nobody')
})
new Hono().get('/', staff, (c) => {
  // @ts-expect-error This provider is not in the requirement.
  c.var.auth.principals.api
  // @ts-expect-error The variable has the default name.
  c.var.device
  return c.text('')
})
// @ts-expect-error A name alone is no requirement: it has no engine.
authenticate('staff')
// @ts-expect-error `onRefused` must answer a response or nothing, and `true` is no way in.
authenticate(auth.require('staff'), 'auth', { onRefused: () => true })

expectType<Staff>()(staff.of(context).principal)

// ---- protect ---------------------------------------------------------------------------------------------------------
const wrapped = new Hono().get(
  '/hello',
  protect(auth.anyOf('staff', 'api'), (c, who) => {
    expectType<Staff | Claims>()(who.principal)
    return c.json({ hello: who.provider === 'api' ? who.principal.sub : who.principal.name })
  }),
)
expectType<{ hello: string }>()(await (await hc<typeof wrapped>('/').hello.$get()).json())

// Hono's types do not reach through the wrapper by themselves; an annotation brings them in.
new Hono<Bound>().get(
  '/users/:id',
  protect(auth.require('staff'), async (c: Context<Bound, '/users/:id'>, who) => {
    expectType<string>()(c.req.param('id'))
    expectType<string>()(c.env.region)
    return c.text(who.principal.name)
  }),
)

const validate = validator('query', () => ({ page: 1 }))
type Validated = { in: { query: { page: number } }; out: { query: { page: number } } }
const validated = new Hono().get(
  '/list',
  validate,
  protect(auth.require('staff'), (c: Context<Env, '/list', Validated>) => c.json(c.req.valid('query'))),
)
expectType<{ page: number }>()(await (await hc<typeof validated>('/').list.$get({ query: { page: 1 } })).json())

protect(auth.require('staff'), (c) => c.text(''), {
  peer: (c): Peer => ({ address: c.req.header('x-socket'), encrypted: true }),
  onRefused: (refused, c) => (refused.kind === 'rejected' ? c.text('no', 404) : undefined),
  passErrors: true,
})

// @ts-expect-error A handler must answer.
protect(auth.require('staff'), () => {})
// @ts-expect-error The handler is for somebody else.
protect(auth.require('api'), (c, who: WhoFrom<typeof required>) => c.text(who.principal.name))
