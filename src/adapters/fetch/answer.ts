import type { HeaderField } from '../../core/request.ts'
import type { Refused, ResponseAmendments } from '../../core/who.ts'

/** What a provider threw, or its `Error` cause: for the error handler of whoever asked for `passErrors`. */
export function thrownOf({ failures }: Refused): unknown {
  for (const { cause } of failures) {
    if (cause.kind === 'Error' && cause.retryable) return cause.cause ?? cause
  }
  return undefined
}

/** A refusal as a `Response`. */
export function refusalResponse({ response }: Refused, method: string): Response {
  const headers = headersOf(registeredFirst(response.headers))
  return new Response(method === 'HEAD' ? null : response.body, { status: response.status, headers })
}

/** A plain record where it can say everything: runtimes take it several times faster than a `Headers`. */
function headersOf(fields: readonly HeaderField[]): Record<string, string> | [string, string][] {
  const record: Record<string, string> = {}
  for (const [name, value] of fields) {
    const before = Object.hasOwn(record, name) ? record[name] : undefined
    if (before !== undefined && name.toLowerCase() === 'set-cookie') return fields.map(([key, text]) => [key, text])
    record[name] = before === undefined ? value : `${before}, ${value}`
  }
  return record
}

/** Field lines are joined here, and Chromium misses Basic behind a scheme that it does not know (rule 14). */
function registeredFirst(fields: readonly HeaderField[]): readonly HeaderField[] {
  const challenges = fields.filter(isChallenge)
  if (challenges.length < 2) return fields
  return [
    ...challenges.filter(isRegistered),
    ...challenges.filter((one) => !isRegistered(one)),
    ...fields.filter((one) => !isChallenge(one)),
  ]
}

function isChallenge([name]: HeaderField): boolean {
  return name.toLowerCase() === 'www-authenticate'
}

function isRegistered([, value]: HeaderField): boolean {
  return /^(?:basic|digest|bearer|dpop)(?: |$)/i.test(value)
}

/** The response with what the decision wants on it: the same one, or a copy where its header cannot be changed. */
export function amended(response: Response, amendments: ResponseAmendments): Response {
  const { status, headers } = response
  const fields = amendments.headers?.({ status, header: (name) => headers.get(name) ?? undefined }) ?? []
  try {
    amend(headers, amendments, fields)
    return response
  } catch {
    // Redirects and what fetch() answered are immutable.
  }
  // Neither an error nor an upgrade can be copied; both have no header to speak of.
  if (status < 200) return response
  const copy = new Response(response.body, response)
  amend(copy.headers, amendments, fields)
  return copy
}

function amend(headers: Headers, { vary, cacheControl }: ResponseAmendments, fields: readonly HeaderField[]): void {
  addVary(headers, vary)
  if (cacheControl !== undefined && !headers.has('cache-control')) headers.set('cache-control', cacheControl)
  for (const [name, value] of fields) if (!carries(headers, name, value)) headers.append(name, value)
}

/** Merges names into `Vary`; `*` says all there is to say. */
export function addVary(headers: Headers, names: readonly string[]): void {
  const members = (headers.get('vary') ?? '').split(',').map((member) => member.trim().toLowerCase())
  if (members.includes('*')) return
  for (const name of names) if (!members.includes(name.toLowerCase())) headers.append('vary', name)
}

function carries(headers: Headers, name: string, value: string): boolean {
  if (name.toLowerCase() === 'set-cookie') return headers.getSetCookie().includes(value)
  const joined = headers.get(name)
  return joined !== null && `, ${joined}, `.includes(`, ${value}, `)
}
