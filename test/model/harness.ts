import type { Authentication, AuthenticationProvider, BoundRequirement, Outcome, Refused, Verdict } from 'becauth'
import { AuthenticationFailedCause, authentication, invalidCredentials, provider } from 'becauth'
import { parseChallenges } from 'becauth/wire'
import type { LeafOutcome, ModelScheme, Prediction, Tree } from './model.ts'

/** What the leaves of one decision do. Handed to the providers as the request's own object. */
interface Script {
  readonly outcomes: ReadonlyMap<string, LeafOutcome> | Readonly<Record<string, LeafOutcome>>
  readonly ran: string[]
}

type Registry = Authentication<Record<string, object>>

export interface LeafSpec extends ModelScheme {
  readonly name: string
  readonly isAsync: boolean
  /** Whether its RFC gives 400 to a malformed request. Default: it does. */
  readonly says400?: boolean
}

class Final extends AuthenticationFailedCause.Error {}

const principal = Object.freeze({ name: 'somebody' })

const verdicts: Readonly<Record<LeafOutcome, Verdict>> = {
  success: { principal },
  none: { cause: AuthenticationFailedCause.NoCredentials },
  invalid: { cause: AuthenticationFailedCause.InvalidCredentials },
  'malformed-request': { cause: invalidCredentials('malformed-request') },
  'malformed-request-401': { cause: invalidCredentials('malformed-request') },
  throttled: { cause: invalidCredentials('throttled', { retryAfterSeconds: 30 }) },
  discardable: { cause: invalidCredentials('expired', { discardable: true }) },
  'retryable-error': { cause: new AuthenticationFailedCause.Error('the directory is down') },
  'final-error': { cause: new Final('the other side said no', { retryable: false }) },
  'too-large': { cause: invalidCredentials('too-large') },
}

/** An `authentication()` whose providers do what the request's own object, a `Script`, says. */
export function scriptedRegistry(leaves: readonly LeafSpec[]): Registry {
  const providers: Record<string, AuthenticationProvider<object>> = {}
  for (const { name, scheme, realm, isAsync, says400 } of leaves) {
    const answer = (script: object): Verdict => {
      if (!isScript(script)) throw new TypeError('the request is not a script')
      script.ran.push(name)
      const { outcomes } = script
      const outcome = isMap(outcomes) ? outcomes.get(name) : outcomes[name]
      if (outcome === undefined) throw new TypeError(`the script does not say what ${name} does`)
      return verdicts[outcome]
    }
    providers[name] = provider<object>({
      challenge: { scheme, parameters: [['realm', realm]] },
      malformedRequestStatus: says400 === false ? 401 : 400,
      authenticate: isAsync ? async ({ request }) => answer(request.native) : ({ request }) => answer(request.native),
    })
  }
  return authentication(providers)
}

function isMap(outcomes: Script['outcomes']): outcomes is ReadonlyMap<string, LeafOutcome> {
  return outcomes instanceof Map
}

function isScript(value: object): value is Script {
  return 'ran' in value && 'outcomes' in value
}

/** Builds the engine's requirement for a tree of the model. `later` makes the functions of `allow` and `map` asynchronous. */
export function build(tree: Tree, auth: Registry, later = false): BoundRequirement<string> {
  switch (tree.type) {
    case 'leaf':
      return auth.require(tree.name)
    case 'anyOf':
    case 'allOf': {
      const [first, ...rest] = tree.children.map((child) => build(child, auth, later))
      if (first === undefined) throw new TypeError('a combinator without children')
      return auth[tree.type](first, ...rest)
    }
    case 'optional':
    case 'attempt':
      return auth[tree.type](build(tree.child, auth, later))
    case 'skipWhen':
      return auth.skipWhen(() => tree.answer, build(tree.child, auth, later))
    case 'allow':
      return unchecked(auth).allow(build(tree.child, auth, later), () => eventually(tree.answer, later))
    case 'map':
      return unchecked(auth).map(build(tree.child, auth, later), () =>
        eventually(tree.answer ? principal : null, later),
      )
  }
}

interface Unchecked {
  allow(child: BoundRequirement<string>, check: () => unknown): BoundRequirement<string>
  map(child: BoundRequirement<string>, enrich: () => unknown): BoundRequirement<string>
}

/** The types refuse a child of which they cannot tell whether it yields a principal; a generated tree is one. */
function unchecked(auth: object): Unchecked {
  return auth as Unchecked
}

function eventually<T>(value: T, later: boolean): T | Promise<T> {
  return later ? Promise.resolve(value) : value
}

const readable = new Map<string, boolean>()

/** Whether clients can read a challenge by the grammar of RFC 9110. Remembered, since few texts come up often. */
function isReadable(challenge: string): boolean {
  const known = readable.get(challenge)
  if (known !== undefined) return known
  const answer = parseChallenges(challenge)?.length === 1
  readable.set(challenge, answer)
  return answer
}

/** What an outcome has against a prediction; `undefined` when nothing. Texts are made only when there is something. */
export function difference(outcome: Outcome, ran: readonly string[], said: Prediction): string | undefined {
  const { kind, provider, failures } = outcome
  if (kind !== said.kind) return `kind: ${kind}, not ${said.kind}`
  if (!same(ran, said.ran)) return `ran: ${ran}, not ${said.ran}`
  if (provider !== said.provider) return `provider: ${provider}, not ${said.provider}`
  const principals = Object.keys(outcome.principals)
  if (!same(principals, said.principals)) return `principals: ${principals}, not ${said.principals}`
  const fails = (one: (typeof failures)[number], index: number) =>
    one.provider === said.failures[index]?.provider && one.cause.kind === said.failures[index]?.kind
  if (failures.length !== said.failures.length || !failures.every(fails)) {
    const written = failures.map((one) => `${one.provider} ${one.cause.kind}`)
    return `failures: ${written}, not ${said.failures.map((one) => `${one.provider} ${one.kind}`)}`
  }
  if (outcome.kind === 'authenticated') return undefined
  if (outcome.kind !== 'anonymous') return differenceOfRefusal(outcome, said)
  if ((outcome.skipped === true) !== said.skipped) return `skipped: ${outcome.skipped}, not ${said.skipped}`
  const refused = outcome.refused !== undefined
  return refused === said.refused ? undefined : `a refusal is shown: ${refused}, not ${said.refused}`
}

function differenceOfRefusal({ response, denials }: Refused, said: Prediction): string | undefined {
  const { status, headers } = response
  if (status !== said.status) return `status: ${status}, not ${said.status}`
  if (denials.length !== said.denials.length) return `${denials.length} denials, not ${said.denials.length}`
  for (const [index, { providers }] of denials.entries()) {
    if (!same(providers, said.denials[index] ?? [])) return `denied: ${providers}, not ${said.denials[index]}`
  }
  const challenges = headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
  const wanted = said.challenges.map(({ scheme, realm }) => `${scheme} realm="${realm}"`)
  if (!same(challenges, wanted)) return `challenges: ${challenges}, not ${wanted}`
  if (status === 401 && challenges.length === 0) return 'a 401 without a challenge'
  if (!challenges.every(isReadable)) return `a challenge that nobody can read: ${challenges}`
  const retryAfter = headers.find(([name]) => name === 'Retry-After')?.[1]
  const wantsRetry = status === 503 || status === 429
  if (wantsRetry !== (retryAfter !== undefined && /^[1-9]\d*$/.test(retryAfter))) return `Retry-After: ${retryAfter}`
  return undefined
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index])
}

/** How a tree is written, for messages. */
export function written(tree: Tree): string {
  switch (tree.type) {
    case 'leaf':
      return tree.name
    case 'anyOf':
    case 'allOf':
      return `${tree.type}(${tree.children.map(written).join(', ')})`
    case 'optional':
    case 'attempt':
      return `${tree.type}(${written(tree.child)})`
    default:
      return `${tree.type}(${tree.answer}, ${written(tree.child)})`
  }
}
