import { existsSync, readFileSync } from 'node:fs'
import type { DigestAlgorithm, DigestQop } from 'becauth/digest'

/** How a case configures Ktor's digest provider; `unit` where it is about something smaller. */
export interface DigestSetup {
  readonly unit?: string
  readonly realm?: string
  readonly algorithms?: readonly DigestAlgorithm[]
  readonly qop?: readonly DigestQop[]
  readonly users?: Readonly<Record<string, string>>
  /** Everybody's, but of those in `unknownUsers`. */
  readonly password?: string
  readonly unknownUsers?: readonly string[]
  readonly userhash?: boolean
  /** The only one whom `validate` lets in. */
  readonly validate?: string
}

/** What a header of the answer must look like. */
export interface FieldFact {
  readonly equals?: string
  readonly contains?: readonly string[]
  readonly someContains?: readonly string[]
  readonly notContains?: readonly string[]
  readonly matches?: readonly string[]
  readonly count?: number
  readonly order?: readonly string[]
}

export interface DigestExpected {
  readonly status?: number
  readonly principal?: string
  readonly cause?: string | Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, FieldFact>>
  readonly credentials?: Readonly<Record<string, string>>
  readonly clientSent?: { readonly Authorization: string | FieldFact }
  readonly result?: unknown
  readonly derived?: unknown
  readonly error?: string
}

export interface DigestCase {
  readonly id: string
  readonly area: string
  readonly deviations: readonly string[]
  readonly setup: DigestSetup
  readonly request: Readonly<Record<string, unknown>> | null
  readonly expected: DigestExpected
}

const own = new URL('../vectors/ktor/digest.json', import.meta.url)
const shared = new URL('../../../shared/research/ktor-behaviour.json', import.meta.url)

const digestAreas: readonly string[] = ['digest', 'digest-interop', 'nonce', 'crypto', 'algorithms']

export function digestCasesOfKtor(): readonly DigestCase[] {
  const { cases }: { readonly cases: readonly DigestCase[] } = JSON.parse(readFileSync(own, 'utf8'))
  return cases
}

/** The same cases in the document that they were taken from; `undefined` where it is not at hand. */
export function researchedDigestCases(): readonly Pick<DigestCase, 'id' | 'request' | 'expected'>[] | undefined {
  if (!existsSync(shared)) return undefined
  const { cases }: { readonly cases: readonly DigestCase[] } = JSON.parse(readFileSync(shared, 'utf8'))
  return cases
    .filter(({ area }) => digestAreas.includes(area))
    .map(({ id, request, expected }) => ({ id, request, expected }))
}
