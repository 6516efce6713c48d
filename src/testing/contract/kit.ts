import type { HeaderField } from '../../core/request.ts'
import type { Requirement } from '../../core/requirement.ts'
import type { Who } from '../../core/who.ts'
import { type ParsedChallenge, parseChallenges } from '../../wire/challenges.ts'
import type { AdapterSubject, ContractRoute } from '../adapter-subject.ts'

/** What a case sends. */
export interface SentRequest {
  /** Default: `GET`. */
  readonly method?: string
  /** Sent as they are, in order, also when a name comes twice. Default: none. */
  readonly headers?: readonly HeaderField[]
  /** A list is sent in pieces, chunked and without `Content-Length`. Default: none. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** After how many milliseconds to hang up; the promise rejects then. Default: never. */
  readonly abortAfterMs?: number
}

/** What came back. */
export interface ReceivedResponse {
  readonly status: number
  /** Field lines in order, as they came. */
  readonly rawHeaders: readonly HeaderField[]
  readonly body: string
}

/**
 * Sends one request over a connection of its own. The harness gives it, so that the suite runs in any runtime. It must
 * send doubled field lines as they are, must not follow redirects, and answers also when the server stops reading the body.
 */
export type Send = (url: string, request: SentRequest) => Promise<ReceivedResponse>

/** One behaviour that every adapter must have. */
export interface ContractCase {
  /** What the adapter does, as a sentence that stands alone. */
  readonly title: string
  /** Rejects with an `Error` that says what was expected and what came instead. */
  readonly run: (subject: AdapterSubject, send: Send) => Promise<void>
}

/** Sends to the server of a case. */
export type Ask = (path: string, request?: SentRequest) => Promise<ReceivedResponse>

export type Style = ContractRoute['style']

/** A case with a running server: mounts, runs, closes. */
export function served(
  title: string,
  routes: () => readonly ContractRoute[],
  run: (ask: Ask, subject: AdapterSubject, url: string) => Promise<void>,
): ContractCase {
  return {
    title,
    run: async (subject, send) => {
      const server = await subject.mount(routes())
      try {
        await run((path, request = {}) => send(server.url + path, request), subject, server.url)
      } finally {
        await server.close()
      }
    },
  }
}

/** The same case once for each way to mount. */
export function inBothStyles(title: string, make: (style: Style, title: string) => ContractCase): ContractCase[] {
  return [make('authenticate', `${title}, by authenticate()`), make('protect', `${title}, by protect()`)]
}

/** A GET route at `/` whose handler says whom it sees. */
export function route(scopes: Requirement | readonly Requirement[], more: Partial<ContractRoute> = {}): ContractRoute {
  const list = 'decide' in scopes ? [scopes] : scopes
  return {
    method: 'GET',
    path: '/',
    scopes: list,
    style: 'authenticate',
    handler: (who) => ({ body: greeting(who) }),
    ...more,
  }
}

/** `authenticated bearer ada`, `anonymous`, `anonymous skipped` or `anonymous refused 401`. */
export function greeting(who: Who): string {
  if (who.kind === 'authenticated') return `authenticated ${who.provider} ${idOf(who.principal)}`
  if (who.skipped === true) return 'anonymous skipped'
  return who.refused === undefined ? 'anonymous' : `anonymous refused ${who.refused.response.status}`
}

export function idOf(principal: object): string {
  return 'id' in principal && typeof principal.id === 'string' ? principal.id : '?'
}

/** All values of a field, one for each line. */
export function lines(response: ReceivedResponse, name: string): readonly string[] {
  return response.rawHeaders.filter(([known]) => known.toLowerCase() === name).map(([, value]) => value)
}

/** All lines of a field joined, or `undefined`. */
export function field(response: ReceivedResponse, name: string): string | undefined {
  const values = lines(response, name)
  return values.length === 0 ? undefined : values.join(', ')
}

/** The members of a list field, in lower case. */
export function members(response: ReceivedResponse, name: string): readonly string[] {
  return (field(response, name) ?? '')
    .split(',')
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '')
}

/** Fails unless both are the same by their JSON. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`)
}

export function ensure(condition: boolean, what: string): void {
  if (!condition) throw new Error(what)
}

/** Fails unless the response has this status and body. */
export function answers(response: ReceivedResponse, status: number, body: string): void {
  equal([response.status, response.body], [status, body], 'status and body')
}

/** Fails unless the response is becauth's plain refusal with this status. */
export function refuses(response: ReceivedResponse, status: number): void {
  equal(response.status, status, 'status')
  equal(mediaType(response), 'application/problem+json', 'media type')
  equal(JSON.parse(response.body).status, status, 'status in the problem document')
  ensure(members(response, 'cache-control').includes('no-store'), 'a refusal must carry Cache-Control: no-store')
  ensure(members(response, 'vary').includes('accept'), 'a refusal must carry Vary: Accept')
}

export function mediaType(response: ReceivedResponse): string | undefined {
  return field(response, 'content-type')?.split(';')[0]
}

/**
 * Fails unless these are the challenges, in order, each on a line of its own where the adapter can. `joined` is the order
 * where lines may be joined and registered schemes come first; default: the same.
 */
export function challenges(
  response: ReceivedResponse,
  subject: AdapterSubject,
  expected: readonly string[],
  joined: readonly string[] = expected,
): void {
  const value = field(response, 'www-authenticate')
  const wanted = (subject.keepsFieldLines ? expected : joined).join(', ')
  equal(readable(value ?? ''), readable(wanted), 'challenges')
  if (subject.keepsFieldLines) equal(lines(response, 'www-authenticate'), expected, 'WWW-Authenticate field lines')
}

function readable(value: string): readonly unknown[] {
  const parsed: readonly ParsedChallenge[] = parseChallenges(value) ?? []
  return parsed.map(({ scheme, token68, parameters }) => [scheme, token68 ?? null, [...(parameters ?? [])]])
}

/** Rejects when a promise takes longer than any adapter has reason to. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing happened within 5 seconds`)), 5000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A promise and the function that fulfils it. */
export function signalled(): { readonly promise: Promise<void>; readonly fulfil: () => void } {
  let fulfil: () => void = () => undefined
  const promise = new Promise<void>((resolve) => {
    fulfil = resolve
  })
  return { promise, fulfil }
}
