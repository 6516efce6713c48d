import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createServer2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Anonymous, Authenticated, Refused } from 'becauth'
import {
  authenticate,
  type NodeRequest,
  type NodeResponse,
  protect,
  type RespondingSource,
  requestSource,
  writeRefusal,
} from 'becauth/node'
import { expectType } from '../../../test/types/expect-type.ts'
import { auth, type Claims, otherAuth, type Staff } from '../../../test/types/fixture.ts'

type StaffWho = Authenticated<'staff', { staff: Staff }>

// ---- protect(): http's own types without annotation ----------------------------------------------------------------
createServer(
  protect(auth.require('staff'), (request, response, who) => {
    expectType<IncomingMessage>()(request)
    expectType<ServerResponse<IncomingMessage>>()(response)
    expectType<StaffWho>()(who)
    response.end(who.principal.name)
  }),
)
protect(auth.optional('api'), (_request, _response, who) => {
  expectType<Authenticated<'api', { api: Claims }> | Anonymous>()(who)
  // @ts-expect-error an optional principal may be absent
  who.principal.sub
})
protect(auth.anyOf('staff', 'api'), (_request, _response, who) => {
  if (who.provider === 'api') expectType<Claims>()(who.principal)
  else expectType<Staff>()(who.principal)
})

// ---- protect(): HTTP/2's by annotation -----------------------------------------------------------------------------
createServer2(
  protect(auth.require('staff'), (request: Http2ServerRequest, response: Http2ServerResponse, who) => {
    expectType<StaffWho>()(who)
    response.end(request.authority)
  }),
)

// ---- protect(): the error is on the handler ------------------------------------------------------------------------
protect(
  auth.require('api'),
  // @ts-expect-error the handler is for another who
  (_request: IncomingMessage, _response: ServerResponse, who: StaffWho) => who.principal.name,
)
// @ts-expect-error no handler
protect(auth.require('api'))
// @ts-expect-error a name is not a requirement
protect('api', () => {})

// ---- options -------------------------------------------------------------------------------------------------------
protect(auth.require('api'), () => {}, {
  onRefused: (refused, request, response) => {
    expectType<Refused>()(refused)
    expectType<IncomingMessage>()(request)
    expectType<ServerResponse<IncomingMessage>>()(response)
  },
})
authenticate(auth.require('api'), {
  onRefused: async (refused, request, response) => {
    expectType<NodeRequest>()(request)
    expectType<NodeResponse>()(response)
    if (refused.kind === 'unavailable') expectType<number>()(refused.retryAfterSeconds)
  },
})
// @ts-expect-error handing errors on needs a framework
authenticate(auth.require('api'), { passErrors: true })

// ---- authenticate() and of() ---------------------------------------------------------------------------------------
const staff = authenticate(auth.require('staff'))
const partner = authenticate(otherAuth.optional('partner'))
createServer((request, response) => {
  staff(request, response, () => {
    expectType<StaffWho>()(staff.of(request))
    // @ts-expect-error may be anonymous
    partner.of(request).principal.name
    response.end()
  })
})
createServer2((request, response) => {
  staff(request, response, () => response.end(staff.of(request).principal.name))
})

// ---- upgrades ------------------------------------------------------------------------------------------------------
createServer().on('upgrade', async (request, socket) => {
  const source = requestSource(request)
  expectType<RespondingSource>()(source)
  const outcome = await auth.decide(source, 'api')
  if (outcome.kind === 'authenticated') expectType<Claims>()(outcome.principal)
  else writeRefusal(outcome, socket)
})
