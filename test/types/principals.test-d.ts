import {
  type AnyAuthenticated,
  type Authenticated,
  type Authentication,
  type AuthenticationError,
  AuthenticationFailedCause,
  type AuthenticationProvider,
  authentication,
  type BoundRequirement,
  type InvalidCredentials,
  invalidCredentials,
  isCause,
  type NoCredentials,
  type Principal,
  type PrincipalFrom,
  provider,
  type Reason,
  type Verdict,
} from 'becauth'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { expectType } from './expect-type.ts'
import { auth, type Claims, type Device, type Staff, who } from './fixture.ts'

const realm = 'x'
const challenge = { scheme: 'Office' }

class DirectoryDown extends AuthenticationFailedCause.Error {}
class Locked extends DirectoryDown {
  readonly until: number = 0
}

// ---- what validate answers ---------------------------------------------------------------------------------------------
type One = AuthenticationProvider<{ a: number }>
expectType<One>()(basic({ realm, validate: () => ({ a: 1 }) }))
expectType<One>()(basic({ realm, validate: async () => ({ a: 1 }) }))
expectType<One>()(basic({ realm, validate: ({ username }) => (username === '' ? null : { a: 1 }) }))
expectType<One>()(basic({ realm, validate: ({ username }) => (username === '' ? null : Promise.resolve({ a: 1 })) }))
expectType<One>()(
  basic({
    realm,
    validate: async ({ username }) => {
      if (username === '') return null
      return { a: 1 }
    },
  }),
)
expectType<AuthenticationProvider<Staff | Device>>()(
  basic({ realm, validate: async (): Promise<Staff | Device | null> => ({ serial: '' }) }),
)
expectType<AuthenticationProvider<Principal>>()(basic({ realm, validate: () => null }))
expectType<AuthenticationProvider<Map<string, number>>>()(basic({ realm, validate: () => new Map([['a', 1]]) }))

// ---- a cause is an answer and never a principal ------------------------------------------------------------------------
expectType<One>()(basic({ realm, validate: (c) => (c.username === '' ? invalidCredentials('locked') : { a: 1 }) }))
expectType<One>()(
  basic({ realm, validate: async (c) => (c.username === '' ? invalidCredentials('locked') : { a: 1 }) }),
)
expectType<One>()(
  basic({
    realm,
    validate: async ({ username }) => {
      if (username === 'none') return AuthenticationFailedCause.NoCredentials
      if (username === 'wrong') return AuthenticationFailedCause.InvalidCredentials
      if (username === 'locked') return invalidCredentials('x-holiday', { detail: 'closed' })
      if (username === 'down') return new AuthenticationFailedCause.Error('down', { retryable: false })
      if (username === 'away') return new DirectoryDown('away', { code: 'away', cause: new Error('socket') })
      if (username === 'until') return new Locked('locked')
      if (username === '') return null
      return { a: 1 }
    },
  }),
)
expectType<One>()(basic({ realm, validate: (c) => (c.username === '' ? new DirectoryDown('down') : { a: 1 }) }))
expectType<One>()(
  basic({
    realm,
    validate: (
      c,
    ): { a: number } | null | AuthenticationFailedCause | Promise<{ a: number } | AuthenticationFailedCause> =>
      c.username === '' ? null : { a: 1 },
  }),
)
expectType<AuthenticationProvider<Staff | Device>>()(
  basic({ realm, validate: async (): Promise<Staff | Device | null | Locked> => new Locked('locked') }),
)
expectType<AuthenticationProvider<{ uid: string }>>()(
  bearer({ validate: ({ token }) => (token === '' ? new DirectoryDown('down') : { uid: token }) }),
)
declare const remaining: PrincipalFrom<Staff | Locked | NoCredentials>
expectType<Staff>()(remaining)

const enriched = who(
  auth.map('api', async ({ sub }) => {
    if (sub === '') return invalidCredentials('disabled')
    if (sub === 'x') return new Locked('locked')
    return sub === 'y' ? null : { uid: sub }
  }),
)
expectType<Authenticated<'api', { api: { uid: string } }>>()(enriched)
expectType<{ uid: string }>()(
  who(auth.map('api', ({ sub }) => (sub === '' ? new DirectoryDown('down') : { uid: sub }))).principal,
)

// ---- providers of one's own --------------------------------------------------------------------------------------------
expectType<AuthenticationProvider<{ desk: number }>>()(
  provider({
    challenge,
    authenticate: ({ request, now }) => {
      if (request.header('x-desk') === undefined) return { cause: AuthenticationFailedCause.NoCredentials }
      if (request.peer.address === undefined) return { cause: new DirectoryDown('down'), challenges: [challenge] }
      return { principal: { desk: 7 }, expiresAt: now() + 60, ambient: true, always: [['x-a', 'b']] }
    },
  }),
)
expectType<AuthenticationProvider<Staff>>()(
  provider({
    challenge,
    authenticate: async (): Promise<Verdict<Staff>> => ({ principal: { name: '', role: 'clerk' } }),
  }),
)
declare function make<P extends Principal>(find: () => Promise<P>): AuthenticationProvider<P>
expectType<AuthenticationProvider<Device>>()(make(async () => ({ serial: '' })))

// ---- the cause ---------------------------------------------------------------------------------------------------------
export function exhaustive(cause: AuthenticationFailedCause): string {
  switch (cause.kind) {
    case 'NoCredentials':
      expectType<NoCredentials>()(cause)
      return cause.kind
    case 'InvalidCredentials':
      expectType<InvalidCredentials>()(cause)
      expectType<Reason | undefined>()(cause.reason)
      return cause.detail ?? cause.kind
    case 'Error':
      expectType<AuthenticationError>()(cause)
      expectType<boolean>()(cause.retryable)
      if (cause instanceof Locked) expectType<number>()(cause.until)
      return `${cause.code} ${cause.message}`
    default:
      expectType<never>()(cause)
      return cause
  }
}
// @ts-expect-error: 'Error' is not handled
export function forgetful(cause: AuthenticationFailedCause): string {
  switch (cause.kind) {
    case 'NoCredentials':
    case 'InvalidCredentials':
      return cause.kind
  }
}
export function narrowed(value: unknown): string {
  if (!isCause(value)) return ''
  expectType<AuthenticationFailedCause>()(value)
  return value.kind
}
expectType<InvalidCredentials>()(invalidCredentials('locked', { retryAfterSeconds: 60, discardable: true }))
expectType<'Error'>()(new DirectoryDown('down').kind)
expectType<typeof AuthenticationError>()(AuthenticationFailedCause.Error)
const failed = who(auth.optional('api')).failures[0]
if (failed) expectType<AuthenticationFailedCause>()(failed.cause)
// @ts-expect-error: a reason of one's own begins with x-
invalidCredentials('holiday')
// @ts-expect-error: reasons carry nothing of the request
invalidCredentials('locked', { password: '' })
// @ts-expect-error: misspelt kind
export const misspelt = (cause: AuthenticationFailedCause): boolean => cause.kind === 'Invalid'
// @ts-expect-error: only an InvalidCredentials has a reason
export const reasonOf = (cause: AuthenticationFailedCause): unknown => cause.reason
export class Renamed extends AuthenticationFailedCause.Error {
  // @ts-expect-error: another kind
  override readonly kind = 'Mine' as const
}

// ---- written types -----------------------------------------------------------------------------------------------------
type Names = 'staff' | 'api' | 'mtls'
export const written: Authentication<{ staff: Staff; api: Claims; mtls: Device }> = auth
export const bound: BoundRequirement<Names, Authenticated<'api', { api: Claims }>> = auth.require('api')
export const wider: BoundRequirement<Names> = auth.optional('api')
const widened: BoundRequirement<
  Names,
  Authenticated<'staff', { staff: Staff }> | Authenticated<'api', { api: Claims }>
> = auth.require('staff')
expectType<Staff | Claims>()(who(widened).principal)

/** A helper that knows no more than that somebody is there. */
export function named(requirement: BoundRequirement<Names, AnyAuthenticated>, name: string) {
  return auth.allow(requirement, (principal, whole) => {
    expectType<Principal>()(principal)
    expectType<AnyAuthenticated>()(whole)
    return whole.provider === name
  })
}

export function onlyStaff(requirement: BoundRequirement<Names, Authenticated<'staff', { staff: Staff }>>) {
  const allowed = auth.allow(requirement, ({ role }) => role === 'admin')
  expectType<Authenticated<'staff', { staff: Staff }>>()(who(allowed))
  return allowed
}

// ---- names that are not literals ---------------------------------------------------------------------------------------
declare const tenants: Record<string, AuthenticationProvider<Staff>>
const dynamic = authentication(tenants)
expectType<Staff>()(who(dynamic.require('anything')).principal)
expectType<Staff>()(who(dynamic.anyOf('a', 'b')).principal)
const one = basic({ realm, validate: () => ({ a: 1 }) })
const two = basic({ realm, validate: () => ({ a: 1 }) })
expectType<'1' | 'a'>()(who(authentication({ 1: one, a: two }).anyOf('1', 'a')).provider)
declare const development: boolean
const conditional = authentication({ one, ...(development ? { two } : {}) })
expectType<'one' | 'two'>()(who(conditional.anyOf('one', 'two')).provider)

// ---- principals of unusual shapes --------------------------------------------------------------------------------------
interface Admin {
  readonly kind: 'admin'
  readonly level: number
}
interface Guest {
  readonly kind: 'guest'
}
const people = authentication({
  any: basic({ realm, validate: async (): Promise<Admin | Guest | null> => null }),
  record: basic({ realm, validate: (): Record<string, unknown> => ({}) }),
})
const person = who(people.require('any'))
expectType<Admin | Guest>()(person.principal)
if (person.principal.kind === 'admin') expectType<number>()(person.principal.level)
expectType<Record<string, unknown>>()(who(people.require('record')).principal)
expectType<Admin | Guest>()(who(people.allow('any', ({ kind }) => kind === 'admin')).principal)
expectType<Admin>()(who(people.map('any', (principal) => (principal.kind === 'admin' ? principal : null))).principal)
