import { authentication, provider, type RequestSource } from 'becauth'
import { form } from 'becauth/form'
import { testRequest } from '../../src/testing/request.ts'
import type { DecisionCase, KtorRequest } from './cases.ts'
import { applicationOf, run, sourceOf } from './decide.ts'
import type { Observed } from './observed.ts'

/** Cases that are about what stands around the decision. */
export const specials: Readonly<Record<string, (one: DecisionCase) => Promise<Partial<Observed>>>> = {
  'strategy.src.already-handled': alreadyHandled,
  'strategy.src.already-principal': alreadyPrincipal,
  'strategy.src.after-auth-hook': afterAuthentication,
  'form.src-field-names': repeatedField,
  'apikey.src-by-name': byName,
}

function requestOf({ id, request }: DecisionCase): KtorRequest {
  if (request === null) throw new Error(`${id} has no request`)
  return request
}

/** What comes before the guard may answer by itself. */
async function alreadyHandled(one: DecisionCase): Promise<Partial<Observed>> {
  const application = applicationOf(one.setup)
  const guarded = (source: RequestSource) => run(application, one.setup, source)
  const early = async (source: RequestSource) => (source.method === 'GET' ? 'answered early' : await guarded(source))
  const answer = await early(sourceOf(requestOf(one)))
  return { ran: application.ran, handlerRan: answer !== 'answered early' }
}

/** Another registry, and whoever writes on the request, have let somebody in before. */
async function alreadyPrincipal(one: DecisionCase): Promise<Partial<Observed>> {
  const principal = { name: 'earlier' }
  const everybody = provider({ challenge: { scheme: 'Earlier' }, authenticate: () => ({ principal }) })
  const earlier = authentication({ a: everybody })
  const source = sourceOf(requestOf(one))
  Object.assign(source.native, { user: principal, principal, auth: { principal } })
  const before = await earlier.decide(source, 'a')
  if (before.kind !== 'authenticated') throw new Error('the earlier one did not let anybody in')
  return await run(applicationOf(one.setup), one.setup, source)
}

/** Ktor's hook is a listener here, and code that stands after the guard. */
async function afterAuthentication(one: DecisionCase): Promise<Partial<Observed>> {
  const told: string[] = []
  const application = applicationOf(one.setup, { decision: ({ outcome }) => told.push(outcome) })
  const source = () => sourceOf(requestOf(one))
  await run(application, one.setup, source())
  await run({ ...application, scopes: [application.auth.require('a')] }, one.setup, source())
  await run({ ...application, scopes: [] }, one.setup, source())
  return { result: told }
}

async function repeatedField(): Promise<Partial<Observed>> {
  const auth = authentication({
    default: form({ userField: 'name', passwordField: 'secret', validate: ({ username }) => ({ name: username }) }),
  })
  const post = (body: string) =>
    testRequest({ method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body })
  const once = await auth.decide(post('name=a&secret=b'), 'default')
  const twice = await auth.decide(post('name=a&name=c&secret=b'), 'default')
  const cause = twice.failures[0]?.cause
  return { result: [once.principal?.name, cause?.kind === 'InvalidCredentials' ? cause.reason : cause?.kind] }
}

async function byName(one: DecisionCase): Promise<Partial<Observed>> {
  const { auth } = applicationOf(one.setup)
  const outcome = await auth.decide(sourceOf(requestOf(one)), 'api-key')
  return { result: [outcome.principals['api-key'], outcome.principal] }
}
