import { existsSync, readFileSync } from 'node:fs'

/** What a header field of the answer must look like; `value`, `domain` and `maxAge` are of a cookie. */
export interface SessionFieldFact {
  readonly present?: boolean
  readonly cookie?: string
  readonly matches?: string
  readonly value?: string
  readonly domain?: string
  readonly maxAge?: number
  readonly expires?: unknown
}

export interface SessionExpected {
  readonly status?: number
  readonly principal?: unknown
  readonly cause?: { readonly default: string }
  readonly headers?: Readonly<Record<string, SessionFieldFact>>
  readonly body?: string
  readonly result?: string | null
  readonly error?: string
  /** What the research computed: the text in a cookie of Ktor's. */
  readonly derived?: Readonly<Record<string, string>>
}

export interface SessionCase {
  readonly id: string
  readonly area: string
  readonly deviations: readonly string[]
  readonly setup: unknown
  readonly request: unknown
  readonly expected: SessionExpected
}

type Told = Pick<SessionCase, 'id' | 'request' | 'expected'>

const own = new URL('../vectors/ktor/sessions.json', import.meta.url)
const shared = new URL('../../../shared/research/ktor-behaviour.json', import.meta.url)

export function sessionCasesOfKtor(): readonly SessionCase[] {
  const { cases }: { readonly cases: readonly SessionCase[] } = JSON.parse(readFileSync(own, 'utf8'))
  return cases
}

export function toldOf({ id, request, expected }: Told): Told {
  return { id, request, expected }
}

/** The same cases in the document that they were taken from; `undefined` where it is not at hand. */
export function researchedSessionCases(): readonly Told[] | undefined {
  if (!existsSync(shared)) return undefined
  const { cases }: { readonly cases: readonly SessionCase[] } = JSON.parse(readFileSync(shared, 'utf8'))
  return cases.filter(({ area }) => area.startsWith('session')).map(toldOf)
}
