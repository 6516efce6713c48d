import type { Entry, RenderedChallenge } from './entry.ts'
import type { Denied, Granted } from './result.ts'

/** A principal and what its credential states. */
export type StatementHolder = Pick<Granted, 'principal' | 'claims'>

/** What is said of somebody under a name: by the principal, where it has the name, else by the credential. */
export function statementOf({ principal, claims }: StatementHolder, name: string): unknown {
  if (name in principal) return Reflect.get(principal, name)
  return claims !== undefined && Object.hasOwn(claims, name) ? claims[name] : undefined
}

/** The denials of one check. Their challenges are made once for each provider. */
export class Denials {
  readonly #requirement: string
  readonly #status: 401 | 403
  readonly #error: string
  readonly #parameters: readonly (readonly [name: string, value: string])[]
  readonly #rendered = new WeakMap<Entry, readonly RenderedChallenge[]>()

  constructor(
    requirement: string,
    status: 401 | 403,
    error: string,
    parameters: readonly (readonly [name: string, value: string])[],
  ) {
    this.#requirement = requirement
    this.#status = status
    this.#error = error
    this.#parameters = parameters
  }

  /** Denies these principals. */
  of(grants: readonly Granted[]): Denied {
    const own = grants.flatMap(({ entry }) => this.#challengesOf(entry))
    return {
      requirement: this.#requirement,
      providers: grants.map(({ entry }) => entry.name),
      status: this.#status,
      error: this.#error,
      // Rule 15: every 401 has a challenge.
      challenges: own.length > 0 || this.#status === 403 ? own : grants.map(({ entry }) => entry.defaultChallenge),
    }
  }

  #challengesOf(entry: Entry): readonly RenderedChallenge[] {
    const known = this.#rendered.get(entry)
    if (known !== undefined) return known
    const names = new Set(['error', ...this.#parameters.map(([name]) => name)])
    const rendered = entry.provider.denialChallenges
      .map(({ scheme, parameters = [] }) => {
        const others = parameters.filter(([name]) => !names.has(name))
        const realm = others.filter(([name]) => name === 'realm')
        const rest = others.filter(([name]) => name !== 'realm')
        return { scheme, parameters: [...realm, ['error', this.#error] as const, ...this.#parameters, ...rest] }
      })
      .map((challenge) => entry.render(challenge))
      .filter((one) => one !== undefined)
    this.#rendered.set(entry, rendered)
    return rendered
  }
}
