import type { Authentication, Peer, RequestSource, WhoFrom } from 'becauth'
import { authenticate, fetchSource, protect } from 'becauth/fetch'
import { expectType } from '../../../test/types/expect-type.ts'

interface Staff {
  readonly name: string
}
interface Claims {
  readonly sub: string
}
interface Env {
  readonly region: string
}

declare const auth: Authentication<{ staff: Staff; api: Claims }>
declare const request: Request

// ---- protect: who follows the requirement ----------------------------------------------------------------------------
protect(auth.require('staff'), (_request, who) => {
  expectType<'staff'>()(who.provider)
  expectType<Staff>()(who.principal)
  return new Response(who.principal.name)
})
protect(auth.anyOf('staff', 'api'), async (given, who) => {
  expectType<Request>()(given)
  expectType<Staff | Claims>()(who.principal)
  if (who.provider === 'api') return new Response(who.principal.sub)
  return new Response(who.principal.name)
})
protect(auth.optional('api'), (_request, who) => {
  // @ts-expect-error Nobody may be there.
  who.principal.sub
  return new Response(who.principal === undefined ? 'nobody' : who.principal.sub)
})
protect(auth.attempt('api'), (_request, who) => {
  if (who.kind === 'authenticated') return new Response(who.principal.sub)
  expectType<'rejected' | 'unavailable'>()(who.refused.kind)
  return new Response('nobody')
})

// ---- protect: the runtime's other arguments, inferred both ways ------------------------------------------------------
const plain = protect(auth.require('api'), () => new Response())
expectType<Response | Promise<Response>>()(plain(request))
// @ts-expect-error The handler takes nothing beside the request.
plain(request, 1)

const worker = protect(auth.require('api'), (_request, who, env: Env, id: number) => {
  return new Response(`${who.principal.sub} ${env.region} ${id}`)
})
worker(request, { region: 'eu' }, 7)
// @ts-expect-error `env` and `id` are missing.
worker(request)
// @ts-expect-error `env` is another type.
worker(request, 'eu', 7)

declare function serveWorker(handler: (request: Request, env: Env) => Response | Promise<Response>): void
serveWorker(
  protect(auth.require('api'), (_request, who, env) => {
    expectType<Env>()(env)
    return new Response(who.principal.sub)
  }),
)

protect(auth.require('api'), (_request, _who, env: Env) => new Response(env.region), {
  peer: (_request, env): Peer => ({ address: env.region, encrypted: true }),
  onRefused: async (refused, given, env) => {
    expectType<Request>()(given)
    expectType<Env>()(env)
    return refused.kind === 'rejected' ? new Response(null, { status: 404 }) : undefined
  },
  passErrors: true,
})

// ---- protect: what does not compile ----------------------------------------------------------------------------------
// @ts-expect-error A handler must answer.
protect(auth.require('api'), () => {})
// @ts-expect-error A name alone is no requirement: it has no engine.
protect('api', () => new Response())
// @ts-expect-error The handler is for somebody else.
protect(auth.require('api'), (_request, who: WhoFrom<typeof staff>) => new Response(who.principal.name))
// @ts-expect-error `onRefused` must answer a response or nothing, and `true` is no way in.
protect(auth.require('api'), () => new Response(), { onRefused: () => true })

// ---- authenticate ----------------------------------------------------------------------------------------------------
const staff = auth.require('staff')
const guard = authenticate(staff)
expectType<Response | undefined | Promise<Response | undefined>>()(guard(request))
expectType<Staff>()(guard.of(request).principal)
expectType<Response>()(guard.finish(request, new Response()))
// @ts-expect-error This provider is not in the requirement.
guard.of(request).principals.api
// @ts-expect-error A guard without options takes nothing beside the request.
guard(request, 1)

const knowing = authenticate(staff, { peer: (_request, env: Env): Peer => ({ address: env.region, encrypted: true }) })
knowing(request, { region: 'eu' })
// @ts-expect-error `env` is missing.
knowing(request)

// ---- fetchSource -----------------------------------------------------------------------------------------------------
expectType<RequestSource>()(fetchSource(request))
const outcome = await auth.decide(fetchSource(request, { address: undefined, encrypted: true }), 'api')
if (outcome.kind === 'authenticated') expectType<Claims>()(outcome.principal)
