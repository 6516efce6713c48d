import { type InvalidCredentials, invalidCredentials } from '../../../core/cause.ts'
import type { BodyReading, RequestView } from '../../../core/request.ts'
import { parseForm } from '../../../wire/form.ts'
import type { JsonObject } from '../../../wire/json.ts'
import { parseCompactJws, parseJsonSegment } from '../../../wire/jws.ts'
import { parseMediaType } from '../../../wire/media-type.ts'
import { decodeUtf8 } from '../../../wire/text.ts'
import type { OAuth2ResponseMode } from '../options.ts'

/** The answer of an authorization server that a browser brings, unproved. */
export interface AuthorizationAnswer {
  /** How it came. */
  readonly mode: OAuth2ResponseMode
  readonly state: string
  readonly code: string | undefined
  readonly error: string | undefined
  readonly errorDescription: string | undefined
  /** The `iss` of RFC 9207. */
  readonly iss: string | undefined
  /** The signed answer that all the others are read from (JARM). */
  readonly response: string | undefined
  /** The other parameters, such as what Apple says of a person the first time. */
  readonly others: Readonly<Record<string, string>>
}

const LIMIT_BYTES = 65_536

const malformed = invalidCredentials('malformed-request', {
  detail: 'the answer of the authorization server is ill-formed',
})
const tooLarge = invalidCredentials('too-large')

const named = ['state', 'code', 'error', 'error_description', 'iss', 'response'] as const
type Named = (typeof named)[number]

type Fields = ReadonlyMap<string, string>

/**
 * Reads the answer in a callback request; `undefined` when there is none in it.
 *
 * @see RFC 6749, sections 4.1.2 and 4.1.2.1; OAuth 2.0 Form Post Response Mode; JARM
 */
export async function answerIn(request: RequestView): Promise<AuthorizationAnswer | InvalidCredentials | undefined> {
  const fields = await fieldsIn(request)
  if (fields === undefined || !(fields instanceof Map)) return fields
  if (!named.some((name) => name !== 'error_description' && name !== 'iss' && fields.has(name))) return undefined
  const mode = request.method === 'POST' ? 'form_post' : 'query'
  return fields.has('response') ? signedAnswer(fields, `${mode}.jwt`) : answerOf(fields, mode, undefined)
}

async function fieldsIn(request: RequestView): Promise<Map<string, string> | InvalidCredentials | undefined> {
  if (request.method === 'GET') return onlyOnce([...request.url.searchParams])
  if (request.method !== 'POST') return undefined
  // What is behind a semicolon does not make it another type.
  const essence = parseMediaType(request.header('content-type') ?? '')?.essence
  if (essence !== 'application/x-www-form-urlencoded') return undefined
  return formIn(await request.body(LIMIT_BYTES))
}

/** Reads a form in which each name comes once, whatever has read the body; `undefined` when there is no body. */
export function formIn(reading: BodyReading): Map<string, string> | InvalidCredentials | undefined {
  switch (reading.kind) {
    case 'none':
      return undefined
    case 'too-large':
      return tooLarge
    case 'bytes':
      return textForm(decodeUtf8(reading.bytes))
    case 'parsed':
      return parsedForm(reading.value)
  }
}

function textForm(text: string | undefined): Map<string, string> | InvalidCredentials {
  const pairs = text === undefined ? undefined : parseForm(text)
  return pairs === undefined ? malformed : onlyOnce(pairs)
}

/** What a framework's own parser made of the form. */
function parsedForm(value: unknown): Map<string, string> | InvalidCredentials {
  if (typeof value === 'string') return textForm(value)
  if (value instanceof Uint8Array) return textForm(decodeUtf8(value))
  if (typeof value !== 'object' || value === null) return malformed
  const entries: readonly (readonly [unknown, unknown])[] =
    value instanceof URLSearchParams || value instanceof FormData || value instanceof Map
      ? [...value]
      : Object.entries(value)
  const pairs = entries.flatMap(([name, one]) =>
    typeof name === 'string' && typeof one === 'string' ? [[name, one] as const] : [],
  )
  return pairs.length < entries.length ? malformed : onlyOnce(pairs)
}

function onlyOnce(
  pairs: readonly (readonly [name: string, value: string])[],
): Map<string, string> | InvalidCredentials {
  const fields = new Map(pairs)
  return fields.size < pairs.length ? malformed : fields
}

function answerOf(
  fields: Fields,
  mode: OAuth2ResponseMode,
  response: string | undefined,
): AuthorizationAnswer | InvalidCredentials {
  const [state, code, error] = [fields.get('state'), fields.get('code'), fields.get('error')]
  if (state === undefined || state === '' || (code === undefined) === (error === undefined)) return malformed
  return {
    mode,
    state,
    code,
    error,
    errorDescription: fields.get('error_description'),
    iss: fields.get('iss'),
    response,
    others: Object.fromEntries([...fields].filter(([name]) => !isNamed(name))),
  }
}

/** Reads a signed answer to find the login that it belongs to. Its signature is verified later, by openid-client. */
function signedAnswer(fields: Fields, mode: OAuth2ResponseMode): AuthorizationAnswer | InvalidCredentials {
  const response = fields.get('response') ?? ''
  const jws = parseCompactJws(response, LIMIT_BYTES)
  const payload = typeof jws === 'string' ? undefined : parseJsonSegment(jws.payload)
  if (payload === undefined) return malformed
  return answerOf(new Map(textsIn(payload)), mode, response)
}

function textsIn(payload: JsonObject): readonly (readonly [string, string])[] {
  return Object.entries(payload).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))
}

function isNamed(name: string): name is Named {
  return named.some((one) => one === name)
}
