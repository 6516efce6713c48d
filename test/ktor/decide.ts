import {
  type Authentication,
  type AuthenticationFailure,
  type AuthenticationListener,
  authentication,
  type BoundRequirement,
  type Outcome,
  type RequestSource,
} from 'becauth'
import { parseChallenges } from 'becauth/wire'
import { type TestRequestOptions, testRequest } from '../../src/testing/request.ts'
import type { DecisionCase, DecisionSetup, KtorRequest } from './cases.ts'
import type { CauseKind, Observed } from './observed.ts'
import { providerOf } from './providers.ts'

type Registry = Authentication<Record<string, object>>

/** An application of a case: its providers, its scopes from the outside in, and who ran. */
export interface Application {
  readonly auth: Registry
  readonly scopes: readonly BoundRequirement<string>[]
  readonly ran: readonly string[]
}

/** @throws TypeError where becauth refuses the configuration. */
export function applicationOf(setup: DecisionSetup, listener: AuthenticationListener = {}): Application {
  const ran: string[] = []
  const providers = setup.providers.map((one) => [one.name, providerOf(one, ran)] as const)
  const auth: Registry = authentication(Object.fromEntries(providers), { listeners: [listener] })
  const levels = setup.scopes === '' ? [] : setup.scopes.split('>')
  return { auth, scopes: levels.map((level) => scopeOf(level, setup, auth)), ran }
}

/** `FS(a,b)` is `anyOf`, `R(a,b)` is `allOf`, `O(a,b)` is `optional(anyOf)`. */
function scopeOf(level: string, { providers }: DecisionSetup, auth: Registry): BoundRequirement<string> {
  const [, strategy, list = ''] = /^(R|FS|O)\(([^)]*)\)$/.exec(level) ?? []
  const children = list.split(',').filter((name) => name !== '')
  const requirements = children.map((name) => {
    const { behaviour, skippedOn } = providers.find((one) => one.name === name) ?? {}
    if (behaviour === 'skipped') return auth.skipWhen(() => true, name)
    return skippedOn === undefined ? name : auth.skipWhen(({ target }) => target.includes(skippedOn), name)
  })
  const combinator: unknown = strategy === 'R' ? auth.allOf : auth.anyOf
  if (strategy === undefined || typeof combinator !== 'function') throw new Error(`${level} is no scope`)
  // The number of children is known only now; the types want one at least.
  const inner: BoundRequirement<string> = Reflect.apply(combinator, auth, requirements)
  return strategy === 'O' ? auth.optional(inner) : inner
}

export function sourceOf({ method, path, headers, body }: KtorRequest): RequestSource {
  const cookie = encodeURIComponent('{"name":"tester"}')
  const filled = Object.entries(headers).map(
    ([name, value]) =>
      [name, value.replace('<key>', 'sample-key').replace('<serialized {name: tester}>', cookie)] as const,
  )
  const options: TestRequestOptions = { method, target: path, headers: filled }
  return testRequest(body === null ? options : { ...options, body })
}

/** Runs a case through becauth's public API: stacked scopes, then the handler. */
export async function observe({ setup, request }: DecisionCase): Promise<Partial<Observed>> {
  let application: Application
  try {
    application = applicationOf(setup)
  } catch (error) {
    if (error instanceof TypeError) return { error: 'configuration' }
    throw error
  }
  if (request === null) return {}
  return await run(application, setup, sourceOf(request))
}

/** Stacked scopes on one request: each must pass, then the handler writes. */
export async function run(
  { scopes, ran }: Application,
  { handler, providers }: DecisionSetup,
  source: RequestSource,
): Promise<Partial<Observed>> {
  const failures: AuthenticationFailure[] = []
  const principals: Record<string, unknown> = {}
  let refused: Extract<Outcome, { response: unknown }> | undefined
  for (const scope of scopes) {
    const outcome: Outcome = await scope.decide(source)
    failures.push(...outcome.failures)
    if ('response' in outcome) {
      refused = outcome
      break
    }
    Object.assign(principals, outcome.principals)
  }
  const cause = Object.fromEntries(
    failures.map(({ provider, cause: { kind } }): [string, CauseKind] => [provider, kind]),
  )
  if (refused !== undefined) return { ran, cause, principal: null, handlerRan: false, ...answered(refused, providers) }
  const body = written(handler, principals, source)
  const principal = handler.includes('<first>') ? body : nameOf(Object.values(principals)[0])
  const json = handler === '<principal>' ? { json: JSON.parse(body) } : {}
  return { status: 200, ran, cause, principal, body, ...json, handlerRan: true, challengeBy: [], wwwAuthenticate: [] }
}

function answered(
  { response }: Extract<Outcome, { response: unknown }>,
  providers: DecisionSetup['providers'],
): Partial<Observed> {
  const { status, headers, body } = response
  const valuesOf = (wanted: string): readonly string[] =>
    headers.filter(([name]) => name === wanted).map(([, value]) => value)
  const wwwAuthenticate = valuesOf('WWW-Authenticate')
  const [location] = valuesOf('Location')
  const redirecting = providers.filter(
    ({ challenge }) => typeof challenge === 'object' && 'redirect' in challenge && challenge.redirect === location,
  )
  const challengeBy = [
    ...redirecting.map(({ name }) => name),
    ...wwwAuthenticate.map((text) => challenger(text, providers)),
  ]
  return { status, body: body ?? '', wwwAuthenticate, challengeBy, ...(location === undefined ? {} : { location }) }
}

function challenger(text: string, providers: DecisionSetup['providers']): string {
  const realm = parseChallenges(text)?.[0]?.parameters?.get('realm')
  return providers.find((one) => (one.realm ?? one.name) === realm)?.name ?? `nobody of realm ${realm}`
}

function written(handler: string, principals: Readonly<Record<string, unknown>>, { target }: RequestSource): string {
  return handler.replaceAll(/<(\w+)>/g, (_, word: string) => {
    const first = Object.values(principals)[0]
    if (word === 'principal') return JSON.stringify(first)
    if (word === 'path') return target.slice(1)
    return String(nameOf(word === 'name' ? first : principals[word]))
  })
}

function nameOf(principal: unknown): unknown {
  if (typeof principal !== 'object' || principal === null) return null
  return 'name' in principal ? principal.name : principal
}
