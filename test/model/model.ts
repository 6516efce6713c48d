// The rules of docs/decision.md once more, written as plainly as possible and without a look at src/core: naive recursion
// over an abstract tree. What the engine decides is compared with what this says.

/** What a provider of the model can do with a request. */
export const leafOutcomes = [
  'success',
  'none',
  'invalid',
  'malformed-request',
  'throttled',
  'discardable',
  'retryable-error',
  'final-error',
] as const

/** Outcomes that only the random trees use; the second is a malformed request where the RFC does not say 400. */
export const rareOutcomes = ['too-large', 'malformed-request-401'] as const

export type LeafOutcome = (typeof leafOutcomes)[number] | (typeof rareOutcomes)[number]

export type Tree =
  | { readonly type: 'leaf'; readonly name: string }
  | { readonly type: 'anyOf' | 'allOf'; readonly children: readonly Tree[] }
  | { readonly type: 'optional' | 'attempt'; readonly child: Tree }
  | { readonly type: 'skipWhen' | 'allow' | 'map'; readonly answer: boolean; readonly child: Tree }

type FailureKind = 'NoCredentials' | 'InvalidCredentials' | 'Error'

interface ModelFailure {
  readonly provider: string
  readonly outcome: LeafOutcome
}

/** What a leaf's challenge is made of; two leaves with the same scheme and realm share one challenge. */
export interface ModelScheme {
  readonly scheme: string
  readonly realm: string
}

export interface World {
  outcomeOf(name: string): LeafOutcome
  schemeOf(name: string): ModelScheme
}

export interface Prediction {
  readonly kind: 'authenticated' | 'anonymous' | 'rejected' | 'unavailable'
  readonly skipped: boolean
  readonly provider: string | undefined
  readonly principals: readonly string[]
  readonly failures: readonly { readonly provider: string; readonly kind: FailureKind }[]
  readonly denials: readonly (readonly string[])[]
  readonly status: number | undefined
  readonly challenges: readonly ModelScheme[]
  readonly ran: readonly string[]
  /** Whether an anonymous outcome shows a refusal that an `attempt` swallowed. */
  readonly refused: boolean
}

interface Evaluation {
  readonly kind: 'yes' | 'anonymous' | 'no' | 'skipped'
  readonly principals: readonly string[]
  /** Every failure inside, forgiven or not. */
  readonly failures: readonly ModelFailure[]
  /** Those that the status and the challenges answer to. */
  readonly counting: readonly ModelFailure[]
  /** Denials that are not forgiven: the principals denied. */
  readonly denials: readonly (readonly string[])[]
  /** Every denial inside, forgiven or not. */
  readonly allDenials: readonly (readonly string[])[]
  /** Whether a provider inside succeeded, whatever came of it. */
  readonly succeeded: boolean
  /** Whether an `attempt` makes up this requirement's pass, so that an `anyOf` around it never fails. */
  readonly forgiving: boolean
  /** Whether an `attempt` swallowed a refusal on the way. */
  readonly refused: boolean
}

interface Run {
  readonly world: World
  readonly ran: string[]
  /** What each provider came to: it runs once and fails once, however often it is named. */
  readonly memo: Map<string, Evaluation>
}

const blank: Evaluation = {
  kind: 'skipped',
  principals: [],
  failures: [],
  counting: [],
  denials: [],
  allDenials: [],
  succeeded: false,
  forgiving: false,
  refused: false,
}

/** Predicts the outcome of a requirement by the rules. */
export function predict(tree: Tree, world: World): Prediction {
  const ran: string[] = []
  const result = evaluate(tree, { world, ran, memo: new Map() })
  const status = result.kind === 'no' ? statusOf(result) : undefined
  return {
    kind:
      result.kind === 'yes'
        ? 'authenticated'
        : result.kind === 'no'
          ? status === 503
            ? 'unavailable'
            : 'rejected'
          : 'anonymous',
    skipped: result.kind === 'skipped',
    provider: result.principals[0],
    principals: result.principals,
    failures: result.failures.map(({ provider, outcome }) => ({ provider, kind: kindOf(outcome) })),
    denials: result.kind === 'no' ? result.denials : [],
    status,
    challenges: status === 401 || status === 400 ? challengesOf(result.counting, world) : [],
    ran,
    refused: result.kind === 'anonymous' && result.refused,
  }
}

/** Whether a requirement always ends with a principal when it passes: what `map` and `allow` ask for. */
export function alwaysYields(tree: Tree): boolean {
  const ways = waysToPass(tree)
  return !ways.has('anonymous') && !ways.has('skipped')
}

function evaluate(tree: Tree, run: Run): Evaluation {
  switch (tree.type) {
    case 'leaf':
      return leaf(tree.name, run)
    case 'anyOf':
      return anyOf(tree.children, run)
    case 'allOf':
      return allOf(tree.children, run)
    case 'optional':
      return optional(evaluate(tree.child, run))
    case 'attempt':
      return attempt(evaluate(tree.child, run))
    case 'skipWhen':
      return tree.answer ? blank : evaluate(tree.child, run)
    case 'allow':
      return allow(tree.answer, evaluate(tree.child, run))
    case 'map':
      return map(tree.answer, evaluate(tree.child, run))
  }
}

/** Rule 1: a provider runs once. */
function leaf(name: string, { world, ran, memo }: Run): Evaluation {
  const known = memo.get(name)
  if (known !== undefined) return known
  ran.push(name)
  const outcome = world.outcomeOf(name)
  const failures = [{ provider: name, outcome }]
  const result: Evaluation =
    outcome === 'success'
      ? { ...blank, kind: 'yes', principals: [name], succeeded: true }
      : { ...blank, kind: 'no', failures, counting: failures }
  memo.set(name, result)
  return result
}

/** Rules 2, 5, 8 and 11. */
function anyOf(children: readonly Tree[], run: Run): Evaluation {
  const done: Evaluation[] = []
  for (const child of children) {
    const one = evaluate(child, run)
    if (one.kind === 'skipped') continue
    done.push(one)
    if (one.kind === 'yes') return { ...everythingIn(done), kind: 'yes', principals: one.principals }
  }
  if (done.length === 0) return blank
  const everything = everythingIn(done)
  const forgiving = done.some((one) => one.forgiving)
  const mayPass = done.some((one) => one.kind === 'anonymous')
  if (forgiving || (mayPass && harmless(everything))) return { ...everything, kind: 'anonymous', forgiving }
  return {
    ...everything,
    kind: 'no',
    refused: false,
    counting: once(done.flatMap((one) => (one.kind === 'anonymous' ? one.failures : one.counting))),
    denials: done.flatMap((one) => one.denials),
  }
}

/** Rules 3 and 5. */
function allOf(children: readonly Tree[], run: Run): Evaluation {
  const done: Evaluation[] = []
  for (const child of children) {
    const one = evaluate(child, run)
    if (one.kind === 'skipped') continue
    done.push(one)
    if (one.kind === 'no') {
      const { counting, denials } = one
      return { ...everythingIn(done), kind: 'no', refused: false, counting, denials }
    }
  }
  if (done.length === 0) return blank
  const principals = [...new Set(done.flatMap((one) => one.principals))]
  if (principals.length > 0) return { ...everythingIn(done), kind: 'yes', principals }
  return { ...everythingIn(done), kind: 'anonymous', forgiving: done.some((one) => one.forgiving) }
}

/** Rule 4. It only widens: what passes without it passes with it. */
function optional(one: Evaluation): Evaluation {
  return one.kind === 'no' && harmless(one) ? { ...one, kind: 'anonymous', counting: [] } : one
}

/** Rule 8. */
function attempt(one: Evaluation): Evaluation {
  if (one.kind === 'anonymous') return { ...one, forgiving: true }
  if (one.kind !== 'no') return one
  return { ...one, kind: 'anonymous', counting: [], denials: [], forgiving: true, refused: true }
}

/** Rule 7. */
function allow(answer: boolean, one: Evaluation): Evaluation {
  if (one.kind !== 'yes' || answer) return one
  const denials = [one.principals]
  return { ...one, kind: 'no', principals: [], refused: false, denials, allDenials: [...one.allDenials, ...denials] }
}

/** Rule 7: a failure is recorded under the provider mapped. */
function map(answer: boolean, one: Evaluation): Evaluation {
  const [provider] = one.principals
  if (one.kind !== 'yes' || answer || provider === undefined) return one
  const counting: ModelFailure[] = [{ provider, outcome: 'invalid' }]
  return { ...one, kind: 'no', refused: false, principals: [], failures: [...one.failures, ...counting], counting }
}

/** Rules 4 and 17: whether what is inside may be forgiven. */
function harmless({ failures, succeeded, allDenials }: Evaluation): boolean {
  return (
    !succeeded &&
    allDenials.length === 0 &&
    failures.every(({ outcome }) => outcome === 'none' || outcome === 'discardable')
  )
}

function everythingIn(done: readonly Evaluation[]): Evaluation {
  return {
    ...blank,
    failures: once(done.flatMap((one) => one.failures)),
    allDenials: done.flatMap((one) => one.allDenials),
    succeeded: done.some((one) => one.succeeded),
    refused: done.some((one) => one.refused),
  }
}

/** The same failure, met twice, is one; a `map` that fails is a failure of its own under the provider's name. */
function once(failures: readonly ModelFailure[]): readonly ModelFailure[] {
  return [...new Set(failures)]
}

function kindOf(outcome: LeafOutcome): FailureKind {
  if (outcome === 'none') return 'NoCredentials'
  return outcome === 'retryable-error' || outcome === 'final-error' ? 'Error' : 'InvalidCredentials'
}

/** Rule 13. */
function statusOf({ counting, denials }: Evaluation): number {
  const has = (wanted: LeafOutcome) => counting.some(({ outcome }) => outcome === wanted)
  if (has('retryable-error')) return 503
  if (has('too-large')) return 413
  if (has('throttled')) return 429
  if (denials.length > 0) return 403
  const invalid = counting.filter(({ outcome }) => kindOf(outcome) === 'InvalidCredentials')
  return invalid.length > 0 && invalid.every(({ outcome }) => outcome === 'malformed-request') ? 400 : 401
}

const registered = ['Basic', 'Digest', 'Bearer', 'DPoP']

/** Rule 14: by kind, then registered schemes first, then in order; a scheme and realm once. */
function challengesOf(counting: readonly ModelFailure[], world: World): readonly ModelScheme[] {
  const ordered = (['InvalidCredentials', 'NoCredentials', 'Error'] as const).flatMap((kind) => {
    const group = counting
      .filter(({ outcome }) => kindOf(outcome) === kind)
      .map(({ provider }) => world.schemeOf(provider))
    const isRegistered = ({ scheme }: ModelScheme) => registered.includes(scheme)
    return [...group.filter(isRegistered), ...group.filter((one) => !isRegistered(one))]
  })
  const same = (a: ModelScheme, b: ModelScheme) => a.scheme === b.scheme && a.realm === b.realm
  return ordered.filter((one, index) => ordered.findIndex((other) => same(one, other)) === index)
}

type Way = 'yes' | 'anonymous' | 'skipped'

function waysToPass(tree: Tree): ReadonlySet<Way> {
  switch (tree.type) {
    case 'leaf':
      return new Set(['yes'])
    case 'optional':
    case 'attempt':
      return new Set([...waysToPass(tree.child), 'anonymous'])
    case 'skipWhen':
      return new Set([...waysToPass(tree.child), 'skipped'])
    case 'allow':
    case 'map':
      return waysToPass(tree.child)
    case 'anyOf': {
      const ways = tree.children.map(waysToPass)
      const all = new Set(ways.flatMap((one) => [...one]))
      if (!ways.every((one) => one.has('skipped'))) all.delete('skipped')
      return all
    }
    case 'allOf':
      return tree.children.map(waysToPass).reduce(bothWays)
  }
}

function bothWays(first: ReadonlySet<Way>, second: ReadonlySet<Way>): ReadonlySet<Way> {
  const ways = new Set<Way>()
  for (const a of first) {
    for (const b of second)
      ways.add(a === 'yes' || b === 'yes' ? 'yes' : a === 'anonymous' || b === 'anonymous' ? 'anonymous' : 'skipped')
  }
  return ways
}
