import { existsSync, readFileSync } from 'node:fs'
import type { CauseKind, Observed } from './observed.ts'

/** Whom a provider of a case lets in. */
export type Accepts =
  | 'everyone'
  | 'nobody'
  | 'name = password'
  | { readonly user: string; readonly password?: string }
  | { readonly token: string }
  | { readonly key: string }

/** What a provider of the application's own does. */
export type Behaviour =
  | 'success'
  | 'two principals'
  | 'NoCredentials'
  | 'NoCredentials, challenge answers nothing'
  | 'InvalidCredentials'
  | 'Error'
  | 'Error later'
  | 'subclass of Error'
  | 'Error, challenge answers 200'
  | 'nothing'
  | 'skipped'

export interface ProviderSetup {
  readonly name: string
  readonly kind: 'basic' | 'bearer' | 'form' | 'apiKey' | 'session' | 'custom'
  readonly accepts?: Accepts
  readonly behaviour?: Behaviour
  /** `null`: left out. */
  readonly realm?: string | null
  /** `null`: no charset is advertised. */
  readonly charset?: null
  /** `null`: left out. */
  readonly validate?: null
  readonly header?: string
  readonly schemes?: readonly [string, ...string[]]
  readonly challenge?: 'nothing' | { readonly redirect: string } | { readonly status: number }
  /** The provider is skipped where the path has this word. */
  readonly skippedOn?: string
}

export interface DecisionSetup {
  readonly providers: readonly ProviderSetup[]
  /** `R(a)>FS(b,c)`, outermost first: R is Required, FS FirstSuccessful, O Optional. Empty: no scope. */
  readonly scopes: string
  /** What the handler writes, with `<name>`, `<principal>`, `<path>` and principals by provider. */
  readonly handler: string
  readonly unit?: undefined
}

interface UnitSetup {
  readonly unit: 'parse' | 'parse challenges' | 'change' | 'render' | 'read credentials'
  readonly initial?: string
}

export interface KtorRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

interface WireRequest {
  readonly input?: string
  readonly op?: string
  readonly headers?: Readonly<Record<string, string>>
}

type HeaderFact =
  | { readonly equals: string }
  | { readonly parsed: { readonly scheme: string; readonly realm: string } }
  | { readonly present: false }
  | { readonly cookie: string }

/** What Ktor does, as the research wrote it down. */
interface Expected {
  readonly status?: number | '2xx'
  readonly headers?: Readonly<Record<string, HeaderFact>>
  readonly derived?: Readonly<Record<string, string>>
  readonly body?: string | { readonly not: string } | { readonly key: string }
  readonly principal?: unknown
  readonly ran?: readonly string[]
  readonly cause?: Readonly<Record<string, CauseKind>>
  readonly challengeBy?: string
  readonly handlerRan?: boolean
  readonly error?: string
  readonly result?: unknown
  readonly credentials?: { readonly name: string; readonly password: string }
}

interface CaseOf<S, R> {
  readonly id: string
  readonly area: string
  readonly deviations: readonly string[]
  readonly setup: S
  readonly request: R
  readonly expected: Expected
}

export type DecisionCase = CaseOf<DecisionSetup, KtorRequest | null>
export type UnitCase = CaseOf<UnitSetup, WireRequest>
export type Case = DecisionCase | UnitCase

interface CaseFile<C> {
  readonly cases: readonly C[]
}

const own = new URL('../vectors/ktor/cases.json', import.meta.url)
const shared = new URL('../../../shared/research/ktor-behaviour.json', import.meta.url)

export function casesOfKtor(): readonly Case[] {
  const file: CaseFile<Case> = JSON.parse(readFileSync(own, 'utf8'))
  return file.cases
}

/** The document that the cases were taken from; `undefined` where it is not at hand. */
export function researchedCases(): CaseFile<Pick<Case, 'id' | 'area' | 'request' | 'expected'>> | undefined {
  return existsSync(shared) ? JSON.parse(readFileSync(shared, 'utf8')) : undefined
}

export function isUnit(one: Case): one is UnitCase {
  return one.setup.unit !== undefined
}

/** What Ktor does, in the words of `Observed`, with what its known deviations imply. */
export function ktorOf(one: Case): Partial<Observed> {
  const { expected, deviations } = one
  const { status, body, principal, ran, cause, challengeBy, handlerRan, error, result, credentials } = expected
  const isText = typeof body === 'string'
  return defined({
    status: status === '2xx' || (status === undefined && isText) ? 200 : status,
    principal,
    body: isText ? body : undefined,
    bodyIsNot: typeof body === 'object' && 'not' in body ? body.not : undefined,
    json: typeof body === 'object' && 'key' in body ? body : undefined,
    ran,
    cause,
    challengeBy: challengeBy === undefined ? undefined : [challengeBy],
    wwwAuthenticate: challengesOf(expected, deviations) ?? rendered(one),
    location: textOf(expected, 'Location'),
    setsCookie: cookieOf(expected.headers?.['Set-Cookie']),
    handlerRan,
    error: error?.startsWith('configuration error') ? 'configuration' : undefined,
    result: resultOf(one, result ?? (error?.startsWith('parse error') ? error : undefined)),
    credentials: credentials && { username: credentials.name, password: credentials.password },
  })
}

function challengesOf(expected: Expected, deviations: readonly string[]): readonly string[] | undefined {
  const text = textOf(expected, 'WWW-Authenticate')
  if (text !== undefined) return [text]
  const fact = expected.headers?.['WWW-Authenticate']
  // D02 is about the text, of which these cases look at the parsed form only.
  if (fact !== undefined && 'parsed' in fact) return [`Basic realm=${fact.parsed.realm}, charset=UTF-8`]
  return deviations.includes('D01') ? [] : undefined
}

function rendered({ setup, expected: { result } }: Case): readonly string[] | undefined {
  return setup.unit === 'render' && typeof result === 'string' && result !== '""' ? [result] : undefined
}

function resultOf({ setup }: Case, result: unknown): unknown {
  if (typeof result !== 'string') return result
  if (setup.unit === 'render' && result !== '""') return undefined
  if (result.startsWith('parse error')) return 'parse error'
  return setup.unit === 'change' ? result.replace(/ \(.*\)$/, '') : result
}

function textOf({ headers, derived }: Expected, name: string): string | undefined {
  const fact = headers?.[name]
  return fact !== undefined && 'equals' in fact ? fact.equals : derived?.[name]
}

function cookieOf(fact: HeaderFact | undefined): string | undefined {
  return fact !== undefined && 'cookie' in fact ? fact.cookie : undefined
}

type Stated = { readonly [K in keyof Observed]?: Observed[K] | undefined }

function defined(facts: Stated): Partial<Observed> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}
