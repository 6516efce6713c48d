import type {
  Anonymous,
  Attempted,
  Authenticated,
  Authentication,
  AuthenticationFailure,
  Outcome,
  Refusal,
  ResponseAmendments,
  Skipped,
  WhoFrom,
} from 'becauth'
import { expectType } from './expect-type.ts'
import { auth, type Claims, type Device, type Staff, source, who } from './fixture.ts'

type S = Authenticated<'staff', { staff: Staff }>
type A = Authenticated<'api', { api: Claims }>

// ---- the registry --------------------------------------------------------------------------------------------------
expectType<Authentication<{ staff: Staff; api: Claims; mtls: Device }>>()(auth)
expectType<readonly ('staff' | 'api' | 'mtls')[]>()(auth.names)

// ---- require ---------------------------------------------------------------------------------------------------------
const required = who(auth.require('staff'))
expectType<S>()(required)
expectType<'authenticated'>()(required.kind)
expectType<'staff'>()(required.provider)
expectType<Staff>()(required.principal)
expectType<{ staff: Staff }>()(required.principals)
expectType<readonly AuthenticationFailure[]>()(required.failures)
expectType<number | undefined>()(required.expiresAt)
expectType<ResponseAmendments | undefined>()(required.amendments)

const requirement = auth.require('staff')
declare const named: WhoFrom<typeof requirement>
expectType<S>()(named)

declare const either: 'staff' | 'api'
expectType<Staff | Claims>()(who(auth.require(either)).principal)

// ---- anyOf -------------------------------------------------------------------------------------------------------------
const any = who(auth.anyOf('staff', 'api'))
expectType<
  Authenticated<'staff', { staff: Staff; api?: undefined }> | Authenticated<'api', { api: Claims; staff?: undefined }>
>()(any)
expectType<Staff | Claims>()(any.principal)
expectType<'staff' | 'api'>()(any.provider)
if (any.provider === 'api') {
  expectType<Claims>()(any.principal)
  expectType<Claims>()(any.principals.api)
  expectType<undefined>()(any.principals.staff)
} else {
  expectType<'staff'>()(any.provider)
  expectType<Staff>()(any.principal)
  expectType<Staff>()(any.principals.staff)
}
expectType<S>()(who(auth.anyOf('staff')))

const names = ['staff', 'mtls'] as const
expectType<Staff | Device>()(who(auth.anyOf(...names)).principal)

// ---- allOf -------------------------------------------------------------------------------------------------------------
const all = who(auth.allOf('api', 'staff'))
expectType<Authenticated<'api', { api: Claims; staff: Staff }>>()(all)
expectType<{ api: Claims; staff: Staff }>()(all.principals)
expectType<'api'>()(all.provider)
expectType<Claims>()(all.principal)

const twice = who(auth.allOf(auth.anyOf('api', 'staff'), 'staff'))
expectType<Staff>()(twice.principals.staff)
expectType<Claims | undefined>()(twice.principals.api)

// ---- nesting -----------------------------------------------------------------------------------------------------------
const crossed = who(auth.allOf('mtls', auth.anyOf('api', 'staff')))
expectType<'mtls'>()(crossed.provider)
expectType<Device>()(crossed.principal)
expectType<Device>()(crossed.principals.mtls)
if (crossed.principals.api) {
  expectType<Claims>()(crossed.principals.api)
  expectType<undefined>()(crossed.principals.staff)
} else {
  expectType<Staff>()(crossed.principals.staff)
}

const alternative = who(auth.anyOf(auth.allOf('staff', 'mtls'), 'api'))
if (alternative.provider === 'staff') {
  expectType<Staff>()(alternative.principal)
  expectType<Device>()(alternative.principals.mtls)
} else {
  expectType<Claims>()(alternative.principal)
  expectType<undefined>()(alternative.principals.mtls)
}

const deep = who(auth.anyOf(auth.allOf('mtls', auth.anyOf('staff', 'api')), auth.allOf('api', 'staff')))
expectType<'mtls' | 'api'>()(deep.provider)
if (deep.provider === 'api') expectType<Staff>()(deep.principals.staff)

// ---- optional ----------------------------------------------------------------------------------------------------------
const optional = who(auth.optional('api'))
expectType<A | Anonymous>()(optional)
expectType<'authenticated' | 'anonymous'>()(optional.kind)
expectType<Claims | undefined>()(optional.principal)
expectType<Claims | undefined>()(optional.principals.api)
expectType<ResponseAmendments | undefined>()(optional.amendments)
if (optional.principal) {
  expectType<Claims>()(optional.principal)
  expectType<A>()(optional)
}
if (optional.kind === 'authenticated') expectType<'api'>()(optional.provider)
else expectType<Anonymous>()(optional)
if (optional.provider === 'api') expectType<Claims>()(optional.principal)
if (optional.provider === undefined) expectType<'anonymous'>()(optional.kind)

const optionalFirst = who(auth.allOf(auth.optional('api'), 'staff'))
expectType<'api' | 'staff'>()(optionalFirst.provider)
expectType<Staff>()(optionalFirst.principals.staff)
expectType<Claims | undefined>()(optionalFirst.principals.api)
if (optionalFirst.provider === 'api') expectType<Claims>()(optionalFirst.principal)

const optionalLast = who(auth.allOf('staff', auth.optional('api')))
expectType<'staff'>()(optionalLast.provider)
expectType<Staff>()(optionalLast.principal)
expectType<Claims | undefined>()(optionalLast.principals.api)

expectType<'staff' | 'api' | undefined>()(who(auth.anyOf(auth.optional('api'), 'staff')).provider)
expectType<typeof any | Anonymous>()(who(auth.optional(auth.anyOf('staff', 'api'))))
expectType<A | Anonymous>()(who(auth.optional(auth.optional('api'))))

// ---- skipWhen ----------------------------------------------------------------------------------------------------------
const always = () => true
expectType<A | Skipped>()(who(auth.skipWhen(always, 'api')))
// What may be skipped is gone, as if it had not been written, unless everything may be.
expectType<'staff' | 'api'>()(who(auth.anyOf(auth.skipWhen(always, 'api'), 'staff')).provider)
expectType<'staff' | 'api' | undefined>()(
  who(auth.anyOf(auth.skipWhen(always, 'api'), auth.skipWhen(always, 'staff'))).provider,
)
const skippedFirst = who(auth.allOf(auth.skipWhen(always, 'api'), 'staff'))
expectType<'authenticated'>()(skippedFirst.kind)
expectType<Staff>()(skippedFirst.principals.staff)
expectType<Claims | undefined>()(skippedFirst.principals.api)
expectType<Claims | Staff | undefined>()(
  who(auth.allOf(auth.skipWhen(always, 'api'), auth.skipWhen(always, 'staff'))).principal,
)
expectType<A | Skipped | Anonymous>()(who(auth.optional(auth.skipWhen(always, 'api'))))
expectType<string | undefined>()(who(auth.skipWhen((request) => request.url.hostname === '', 'api')).principal?.sub)

// ---- attempt -----------------------------------------------------------------------------------------------------------
const attempted = who(auth.attempt('api'))
expectType<A | Attempted>()(attempted)
if (attempted.kind === 'authenticated') {
  expectType<Claims>()(attempted.principal)
} else {
  expectType<'rejected' | 'unavailable'>()(attempted.refused.kind)
  expectType<Refusal>()(attempted.refused.response)
}
const attemptedFirst = who(auth.allOf(auth.attempt('api'), 'staff'))
expectType<Claims | undefined>()(attemptedFirst.principals.api)
expectType<Staff>()(attemptedFirst.principals.staff)
expectType<'api' | 'staff' | undefined>()(who(auth.anyOf(auth.attempt('api'), 'staff')).provider)
expectType<Attempted | Anonymous | A>()(who(auth.attempt(auth.optional('api'))))

// ---- map ---------------------------------------------------------------------------------------------------------------
const mapped = who(auth.map('api', async (claims) => (claims.sub === 'x' ? null : { id: claims.sub, vip: true })))
expectType<{ id: string; vip: boolean }>()(mapped.principal)
expectType<{ api: { id: string; vip: boolean } }>()(mapped.principals)
const mappedAny = who(
  auth.map(auth.anyOf('api', 'staff'), (principal, whole) => {
    expectType<Claims | Staff>()(principal)
    return whole.provider === 'api' ? { id: whole.principal.sub } : { id: whole.principal.name }
  }),
)
expectType<{ id: string }>()(mappedAny.principal)
expectType<'api' | 'staff'>()(mappedAny.provider)
const mappedInside = who(
  auth.allOf(
    auth.map('api', ({ sub }) => ({ id: sub })),
    'staff',
  ),
)
expectType<{ api: { id: string }; staff: Staff }>()(mappedInside.principals)
const mappedOutside = who(auth.map(auth.allOf('api', 'staff'), (_claims, whole) => ({ both: whole.principals })))
expectType<{ both: { api: Claims; staff: Staff } }>()(mappedOutside.principal)
expectType<Staff>()(mappedOutside.principals.staff)

// ---- allow -------------------------------------------------------------------------------------------------------------
expectType<A>()(who(auth.allow('api', (claims) => claims.scope === 'x')))
expectType<A>()(who(auth.allow('api', async (claims) => claims.scope === 'x')))
expectType<A | Anonymous>()(who(auth.optional(auth.allow('api', ({ scope }) => scope === 'x'))))
expectType<typeof all>()(
  who(auth.allow(auth.allOf('api', 'staff'), (_, { principals }) => principals.staff.name === '')),
)
// `allow` inside `map` inside `allow`: each sees what the one inside made.
expectType<{ id: string }>()(
  who(
    auth.allow(
      auth.map(
        auth.allow('api', ({ scope }) => scope === 'x'),
        ({ sub }) => ({ id: sub }),
      ),
      ({ id }) => id === '1',
    ),
  ).principal,
)
// What always yields although something optional is inside.
expectType<Staff>()(
  who(auth.allow(auth.allOf('staff', auth.optional('api')), ({ role }) => role === 'admin')).principal,
)
expectType<Staff>()(
  who(auth.allow(auth.anyOf(auth.skipWhen(always, 'staff'), 'staff'), ({ role }) => role === 'admin')).principal,
)

// ---- select ------------------------------------------------------------------------------------------------------------
const selected = who(
  auth.select((request) => (request.target === '/' ? 'api' : auth.allow('staff', ({ role }) => role === 'admin'))),
)
expectType<'api' | 'staff'>()(selected.provider)
if (selected.provider === 'api') expectType<undefined>()(selected.principals.staff)
expectType<'api' | 'staff'>()(who(auth.select(async ({ method }) => (method === 'GET' ? 'api' : 'staff'))).provider)
expectType<A>()(who(auth.select(({ method }) => (method === 'GET' ? 'api' : undefined))))

expectType<typeof any>()(who(auth.select(() => either)))

// ---- decide ------------------------------------------------------------------------------------------------------------
export async function outcome(): Promise<string | number> {
  const decided = await auth.decide(source, 'api')
  expectType<Outcome<A>>()(decided)
  switch (decided.kind) {
    case 'authenticated':
      return decided.principal.sub
    case 'rejected':
      return decided.response.status
    case 'unavailable':
      return decided.retryAfterSeconds
  }
}

export async function optionalOutcome(): Promise<string> {
  const decided = await auth.decide(source, auth.optional(auth.anyOf('api', 'staff')))
  expectType<Claims | Staff | undefined>()(decided.principal)
  switch (decided.kind) {
    case 'authenticated':
      return decided.provider === 'api' ? decided.principal.sub : decided.principal.name
    case 'anonymous':
      return decided.kind
    case 'rejected':
    case 'unavailable':
      return decided.response.body ?? ''
    default:
      expectType<never>()(decided)
      return decided
  }
}
