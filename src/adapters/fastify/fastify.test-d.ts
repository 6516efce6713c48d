import type { Anonymous, Authenticated, Refused } from 'becauth'
import { authenticate, protect } from 'becauth/fastify'
import fastify, { type FastifyReply, type FastifyRequest, type FastifyTypeProvider } from 'fastify'
import { expectType } from '../../../test/types/expect-type.ts'
import { auth, type Claims, type Staff } from '../../../test/types/fixture.ts'

type StaffWho = Authenticated<'staff', { staff: Staff }>

const app = fastify()
const staff = authenticate(auth.require('staff'))
const maybe = authenticate(auth.optional('api'))

// ---- authenticate(): route options and scopes ----------------------------------------------------------------------
app.get('/me', { onRequest: staff }, async (request) => {
  expectType<StaffWho>()(staff.of(request))
  return staff.of(request).principal.name
})
app.get<{ Params: { id: string } }>(
  '/users/:id',
  { onRequest: [staff, maybe], preHandler: staff },
  (request, reply) => {
    expectType<string>()(request.params.id)
    expectType<Authenticated<'api', { api: Claims }> | Anonymous>()(maybe.of(request))
    reply.send(staff.of(request).principal.name)
  },
)
app.addHook('onRequest', staff)
app.register(async (scope) => {
  scope.addHook('preHandler', staff)
  scope.route({ method: 'POST', url: '/', preValidation: staff, handler: (request) => staff.of(request).provider })
  // @ts-expect-error may be anonymous
  scope.get('/maybe', { onRequest: maybe }, (request) => maybe.of(request).principal.sub)
})

// ---- authenticate(): type providers --------------------------------------------------------------------------------
interface Constant extends FastifyTypeProvider {
  readonly validator: { readonly age: number }
  readonly serializer: { readonly ok: boolean }
}
app.withTypeProvider<Constant>().post('/typed', { onRequest: staff, schema: { body: {} } }, async (request) => {
  expectType<number>()(request.body.age)
  return { ok: staff.of(request).principal.role === 'admin' }
})

// ---- authenticate(): HTTP/2 ----------------------------------------------------------------------------------------
fastify({ http2: true }).get('/', { onRequest: staff }, (request) => staff.of(request).provider)

// ---- protect() -----------------------------------------------------------------------------------------------------
app.get(
  '/me',
  protect(auth.require('staff'), (request, reply, who) => {
    expectType<FastifyRequest>()(request)
    expectType<FastifyReply>()(reply)
    expectType<StaffWho>()(who)
    return who.principal
  }),
)
app.get<{ Params: { id: string } }>(
  '/users/:id',
  protect(auth.require('staff'), async (request, _reply, who) => {
    expectType<string>()(request.params.id)
    return who.principal
  }),
)
protect(
  auth.require('api'),
  // @ts-expect-error the handler is for another who
  (_request, _reply, who: StaffWho) => who.principal.name,
)
// @ts-expect-error no handler
protect(auth.require('api'))
// @ts-expect-error a name is not a requirement
authenticate('api')

// ---- options -------------------------------------------------------------------------------------------------------
authenticate(auth.require('api'), {
  passErrors: true,
  onRefused: (refused, request, reply) => {
    expectType<Refused>()(refused)
    expectType<FastifyRequest>()(request)
    expectType<FastifyReply>()(reply)
    return reply.code(refused.response.status).send({ sorry: request.id })
  },
})
protect(auth.require('api'), (_request, _reply, who) => who.principal, {
  onRefused: async (_refused, _request, reply) => reply.redirect('/login'),
})
// @ts-expect-error there is no such option
authenticate(auth.require('api'), { onRefusal: () => {} })
