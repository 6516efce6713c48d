import {
  type Authentication,
  AuthenticationFailedCause,
  authentication,
  type BoundRequirement,
  type Outcome,
  type Principal,
  provider,
} from 'becauth'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { expectType } from './expect-type.ts'
import { auth, type Claims, directory, otherAuth, type Staff, source, who } from './fixture.ts'

const realm = 'x'
const challenge = { scheme: 'Office' }
const always = () => true

// ---- names ---------------------------------------------------------------------------------------------------------
// @ts-expect-error: unknown name
auth.require('ap')
// @ts-expect-error: unknown name
auth.anyOf('staff', 'ap')
// @ts-expect-error: unknown name
auth.allOf('ap', 'staff')
// @ts-expect-error: unknown name
auth.optional('ap')
// @ts-expect-error: unknown name
auth.attempt('ap')
// @ts-expect-error: unknown name
auth.skipWhen(always, 'ap')
// @ts-expect-error: unknown name
auth.allow('ap', always)
// @ts-expect-error: unknown name
auth.map('ap', () => ({ a: 1 }))
// @ts-expect-error: unknown name
auth.select(({ method }) => (method === 'GET' ? 'api' : 'nope'))
// @ts-expect-error: unknown name
auth.decide(source, 'ap')
// @ts-expect-error: nothing is asked
auth.anyOf()
// @ts-expect-error: nothing is asked
auth.allOf()
const strings: string[] = ['staff']
// @ts-expect-error: strings that are not known to be names
auth.anyOf(...strings)
// @ts-expect-error: a WHATWG request is no request source; adapters make one
auth.decide(new Request('http://x'), 'api')

// ---- requirements of another registry --------------------------------------------------------------------------------
// @ts-expect-error: foreign
auth.anyOf('api', otherAuth.require('partner'))
// @ts-expect-error: foreign
auth.allow(otherAuth.require('partner'), always)
// @ts-expect-error: foreign
auth.select(() => otherAuth.require('partner'))
// @ts-expect-error: foreign
auth.decide(source, otherAuth.require('partner'))
const narrower = authentication({ api: bearer({ validate: () => ({ sub: '', scope: '' }) }) })
// @ts-expect-error: foreign, although all its names are known here
auth.optional(narrower.require('api'))
// @ts-expect-error: foreign, the other way round
narrower.optional(auth.require('api'))
// @ts-expect-error: whoever may be anonymous is not what the annotation promises
export const promised: BoundRequirement<'staff' | 'api' | 'mtls', ReturnType<typeof staffOnly>> = auth.optional('staff')
const staffOnly = () => who(auth.require('staff'))

// ---- reading what is not there -----------------------------------------------------------------------------------------
const optional = who(auth.optional('api'))
const any = who(auth.anyOf('staff', 'api'))
const all = who(auth.allOf('api', 'staff'))
// @ts-expect-error: perhaps nobody
optional.principal.sub
// @ts-expect-error: perhaps nobody
optional.principals.api.sub
// @ts-expect-error: perhaps the other one's principal
any.principal.sub
// @ts-expect-error: perhaps the other one
any.principals.api.sub
// @ts-expect-error: misspelt
all.principals.stff
// @ts-expect-error: misspelt
optional.principals.apii
// @ts-expect-error: not asked for
who(auth.require('staff')).principals.api
// @ts-expect-error: always authenticated
all.kind === 'anonymous'
// @ts-expect-error: it may have been skipped
who(auth.skipWhen(always, 'api')).principal.sub
// @ts-expect-error: it may have failed
who(auth.attempt('api')).principal.sub
// @ts-expect-error: nothing was attempted
who(auth.optional('api')).refused.kind
// @ts-expect-error: an outcome may be a refusal
;(async () => (await auth.decide(source, 'api')).principal.sub)()
// @ts-expect-error: read-only
all.principal = { sub: '', scope: '' }

// ---- requirements that may be anonymous, inside of map and allow ---------------------------------------------------------
// @ts-expect-error: optional inside
auth.allow(auth.optional('api'), always)
// @ts-expect-error: optional inside
auth.map(auth.optional('api'), () => ({ a: 1 }))
// @ts-expect-error: skipWhen inside
auth.allow(auth.skipWhen(always, 'api'), always)
// @ts-expect-error: skipWhen inside
auth.map(auth.skipWhen(always, 'api'), () => ({ a: 1 }))
// @ts-expect-error: attempt inside
auth.allow(auth.attempt('api'), always)
// @ts-expect-error: attempt inside
auth.map(auth.attempt('api'), () => ({ a: 1 }))
// @ts-expect-error: optional inside anyOf
auth.allow(auth.anyOf(auth.optional('api'), 'staff'), always)
// @ts-expect-error: attempt inside anyOf
auth.allow(auth.anyOf('staff', auth.attempt('api')), always)
// @ts-expect-error: everything optional inside allOf
auth.allow(auth.allOf(auth.optional('api'), auth.optional('staff')), always)
// @ts-expect-error: everything skippable inside anyOf
auth.map(auth.anyOf(auth.skipWhen(always, 'api'), auth.skipWhen(always, 'staff')), () => ({ a: 1 }))
// @ts-expect-error: optional around map inside allow
auth.allow(auth.optional(auth.map('api', () => ({ a: 1 }))), always)
const chosen = auth.select(({ method }) => (method === 'GET' ? auth.optional('api') : 'staff'))
// @ts-expect-error: optional chosen by select
auth.allow(chosen, always)
// @ts-expect-error: one of two alternatives may be anonymous
auth.allow(Math.random() < 0.5 ? auth.optional('api') : auth.require('api'), always)
declare const unknownRequirement: BoundRequirement<'staff' | 'api' | 'mtls'>
// @ts-expect-error: nothing is known about it
auth.allow(unknownRequirement, always)

// ---- callbacks -----------------------------------------------------------------------------------------------------------
// @ts-expect-error: a number is not a boolean
auth.allow('api', (claims) => claims.scope.length)
// @ts-expect-error: neither is a promise of a string
auth.allow('api', async (claims) => claims.scope)
// @ts-expect-error: nothing returned
auth.allow('api', () => {})
// @ts-expect-error: perhaps undefined
auth.allow('staff', ({ name }) => [{ name, right: true }].find((row) => row.name === name)?.right)
// @ts-expect-error: another provider's principal
auth.allow('staff', (principal) => principal.scope === '')
// @ts-expect-error: a union is not one of its members
auth.allow(auth.anyOf('staff', 'api'), ({ scope }) => scope === '')
// @ts-expect-error: `map` wants a principal, not a verdict
auth.map('staff', ({ role }) => role === 'admin')
// @ts-expect-error: the same, later
auth.map('staff', async ({ role }) => role === 'admin')
// @ts-expect-error: `undefined` is not `null`
auth.map('staff', ({ name }) => [{ name }].find((row) => row.name === ''))
// @ts-expect-error: a predicate is synchronous
auth.skipWhen(async () => true, 'api')
// @ts-expect-error: a predicate answers true or false
auth.skipWhen(({ target }) => target, 'api')
// @ts-expect-error: `select` chooses requirements
auth.select(() => true)

// ---- providers -------------------------------------------------------------------------------------------------------------
// @ts-expect-error: boolean
basic({ realm, validate: () => true })
// @ts-expect-error: boolean, later
basic({ realm, validate: async ({ username }) => username === 'x' })
// @ts-expect-error: boolean, at times
basic({ realm, validate: async ({ username }) => (username === 'x' ? { a: 1 } : false) })
// @ts-expect-error: string
basic({ realm, validate: ({ username }) => username })
// @ts-expect-error: number
basic({ realm, validate: () => 7 })
// biome-ignore format: one line, so that the directive covers it
// @ts-expect-error: forgot `return`
basic({ realm, validate: (login) => { directory.find(login.username, login.password) } })
// @ts-expect-error: `undefined` is not `null`
basic({ realm, validate: () => [{ a: 1 }].find(({ a }) => a === 1) })
// @ts-expect-error: `undefined` is not `null`, later
basic({ realm, validate: async () => undefined })
declare const whatever: unknown
// @ts-expect-error: unknown
basic({ realm, validate: () => whatever })
// @ts-expect-error: a promise of a promise's boolean
basic({ realm, validate: async () => Promise.resolve(true) })
// @ts-expect-error: no realm
basic({ validate: () => ({ a: 1 }) })
// @ts-expect-error: no validate
basic({ realm })
// @ts-expect-error: misspelt option
basic({ realm, validate: () => null, validat: 1 })
// @ts-expect-error: boolean
bearer({ validate: () => true })
// @ts-expect-error: no validate
bearer({ realm })
// @ts-expect-error: a promise that was not awaited
provider({ challenge, authenticate: () => ({ principal: directory.find('', '') }) })
// @ts-expect-error: the same, in an async function
provider({ challenge, authenticate: async () => ({ principal: directory.find('', '') }) })
// @ts-expect-error: nobody is not a principal
provider({ challenge, authenticate: () => ({ principal: null }) })
// @ts-expect-error: perhaps nobody
provider({ challenge, authenticate: async () => ({ principal: await directory.find('', '') }) })
declare const missing: Staff | undefined
// @ts-expect-error: perhaps nobody
provider({ challenge, authenticate: () => ({ principal: missing }) })
const cause = AuthenticationFailedCause.NoCredentials
// @ts-expect-error: perhaps nobody, beside a proper refusal
provider({ challenge, authenticate: ({ now }) => (now() < 0 ? { cause } : { principal: missing }) })
// @ts-expect-error: a string is not a principal
provider({ challenge, authenticate: () => ({ principal: 'joe' }) })
// @ts-expect-error: a verdict says something
provider({ challenge, authenticate: () => ({}) })
// @ts-expect-error: a verdict is an object
provider({ challenge, authenticate: () => null })
// @ts-expect-error: a principal is wrapped in a verdict
provider({ challenge, authenticate: () => ({ desk: 7 }) })
// @ts-expect-error: causes are made, not written
provider({ challenge, authenticate: () => ({ cause: { kind: 'NoCredentials' as const } }) })
const both = { principal: { desk: 7 }, cause: AuthenticationFailedCause.NoCredentials }
// @ts-expect-error: yes and no at once
provider({ challenge, authenticate: () => both })
// @ts-expect-error: no challenge
provider({ authenticate: () => ({ principal: { desk: 7 } }) })

// ---- registration ------------------------------------------------------------------------------------------------------------
// @ts-expect-error: not a provider
authentication({ x: { realm } })
const byHand = { ...provider({ challenge, authenticate: () => ({ principal: { desk: 7 } }) }) }
// @ts-expect-error: looks like a provider and was not made by provider() or a factory
authentication({ byHand })
// @ts-expect-error: the function, not what it makes
authentication({ provider })
// @ts-expect-error: misspelt option
authentication({ x: basic({ realm, validate: () => null }) }, { timeout: 3 })
// @ts-expect-error: another principal than the annotation promises
export const annotated: Authentication<{ staff: Claims }> = authentication({
  staff: basic({ realm, validate: () => directory.find('', '') }),
})

// ---- `any` does not leak -----------------------------------------------------------------------------------------------------
type Anything = ReturnType<typeof JSON.parse>
const parsed = (): Anything => JSON.parse('{}')
const careless = authentication({
  x: basic({ realm, validate: async () => JSON.parse('{}') }),
  y: basic({ realm, validate: () => ({ y: 1 }) }),
  z: provider({ challenge, authenticate: () => ({ principal: JSON.parse('{}') }) }),
})
expectType<Principal>()(who(careless.require('x')).principal)
expectType<Principal>()(who(careless.require('z')).principal)
expectType<Principal>()(who(careless.map('y', parsed)).principal)
expectType<Principal>()(who(careless.map('y', async () => parsed())).principals.y)
// @ts-expect-error: nothing can be read until it is typed
who(careless.require('x')).principal.whatever
// @ts-expect-error: nor through a union
who(careless.anyOf('x', 'y')).principal.y
// @ts-expect-error: nor through all
who(careless.allOf('y', 'x')).principals.x.whatever
// @ts-expect-error: nor through map
who(careless.map('y', parsed)).principal.whatever
// @ts-expect-error: nor in a callback
careless.allow('x', (principal) => principal.whatever === 1)

// ---- expectType itself ---------------------------------------------------------------------------------------------------------
declare const anything: Anything
declare const nothing: never
// @ts-expect-error: `any` is not Claims
expectType<Claims>()(anything)
// @ts-expect-error: `never` is not Claims
expectType<Claims>()(nothing)
// @ts-expect-error: `any` is not unknown
expectType<unknown>()(anything)
// @ts-expect-error: nothing else is `any`
expectType<Anything>()(optional)
// @ts-expect-error: a union is not its member
expectType<Claims>()(any.principal)
const mutable: { a: 1 } = { a: 1 }
// @ts-expect-error: `readonly` counts
expectType<{ readonly a: 1 }>()(mutable)
// @ts-expect-error: `?` counts
expectType<{ a?: 1 }>()(mutable)
// @ts-expect-error: an outcome without its refusals is another type
expectType<Outcome<typeof all>>()(all)
// @ts-expect-error: Staff is not Claims
expectType<Claims>()(who(auth.require('staff')).principal satisfies Staff)
