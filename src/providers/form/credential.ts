import { type InvalidCredentials, invalidCredentials } from '../../core/cause.ts'
import type { UserPasswordCredential } from '../../core/credential.ts'
import type { BodyReading, RequestView } from '../../core/request.ts'
import { parseForm } from '../../wire/form.ts'
import { parseMediaType } from '../../wire/media-type.ts'
import { decodeUtf8, isWellFormed } from '../../wire/text.ts'
import { repeatsMember } from './json-members.ts'

/** The names of the two fields. */
export interface Fields {
  readonly user: string
  readonly password: string
}

/** How the body of a request is written, as far as this provider reads it. */
export type Syntax = 'form' | 'json'

/** `undefined`: not in the request. An `InvalidCredentials`: there and not readable. */
export type Found = UserPasswordCredential | InvalidCredentials | undefined

export const malformed: InvalidCredentials = invalidCredentials('malformed-request')
const tooLarge = invalidCredentials('too-large')

const methods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])
const syntaxes: ReadonlyMap<string, Syntax> = new Map([
  ['application/x-www-form-urlencoded', 'form'],
  ['application/json', 'json'],
])
const NAMED = /^[ \t]*application\/(?:x-www-form-urlencoded|json)[ \t]*(?:[;,]|$)/i

/** Says how to read the body: `undefined` when nothing here concerns this provider, `malformed` when one cannot tell. */
export function syntaxOf(request: RequestView): Syntax | InvalidCredentials | undefined {
  const contentType = methods.has(request.method) ? request.header('content-type') : undefined
  if (contentType === undefined) return undefined
  const media = parseMediaType(contentType)
  if (media === undefined) return NAMED.test(contentType) ? malformed : undefined
  const syntax = syntaxes.get(media.essence)
  const charset = media.parameters.get('charset')
  return syntax === undefined || charset === undefined || charset.toLowerCase() === 'utf-8' ? syntax : malformed
}

/** Finds the two fields in a body. */
export function findCredential(reading: BodyReading, syntax: Syntax, fields: Fields): Found {
  if (reading.kind === 'none') return undefined
  if (reading.kind === 'too-large') return tooLarge
  if (reading.kind === 'bytes') return inBytes(reading.bytes, syntax, fields)
  const { value } = reading
  if (value === undefined) return undefined
  // A framework told to leave bodies raw, or to make text of them.
  if (value instanceof Uint8Array) return inBytes(value, syntax, fields)
  if (typeof value === 'string') return inText(value, syntax, fields)
  return inValue(value, fields)
}

function inBytes(bytes: Uint8Array, syntax: Syntax, fields: Fields): Found {
  const text = decodeUtf8(bytes)
  return text === undefined ? malformed : inText(text, syntax, fields)
}

function inText(text: string, syntax: Syntax, fields: Fields): Found {
  if (text === '') return undefined
  return syntax === 'form' ? inForm(text, fields) : inJson(text, fields)
}

function inForm(text: string, fields: Fields): Found {
  const pairs = parseForm(text)
  if (pairs === undefined) return malformed
  const named = (wanted: string) => pairs.filter(([name]) => name === wanted).map(([, value]) => value)
  return credentialOf(named(fields.user), named(fields.password))
}

function inJson(text: string, fields: Fields): Found {
  try {
    const value: unknown = JSON.parse(text)
    // JSON.parse keeps the last of two, others the first: whoever else reads this body may see another name.
    return repeatsMember(text, [fields.user, fields.password]) ? malformed : inValue(value, fields)
  } catch {
    return malformed
  }
}

function inValue(value: unknown, fields: Fields): Found {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed
  return credentialOf(valuesIn(value, fields.user), valuesIn(value, fields.password))
}

/** All values of one field, also in what frameworks make of a form: `URLSearchParams`, `FormData`, `Map`. */
function valuesIn(value: object, field: string): readonly unknown[] {
  if (value instanceof Map) return value.has(field) ? [value.get(field)] : []
  if ('getAll' in value && typeof value.getAll === 'function') {
    const values: unknown = value.getAll(field)
    return Array.isArray(values) ? values : [values]
  }
  // Own properties only: nobody is called by what Object.prototype has.
  const own = Object.getOwnPropertyDescriptor(value, field)
  return own === undefined ? [] : [own.value]
}

function credentialOf(usernames: readonly unknown[], passwords: readonly unknown[]): Found {
  if (usernames.length === 0 || passwords.length === 0) return undefined
  const [username, password] = [usernames[0], passwords[0]]
  if (usernames.length > 1 || passwords.length > 1 || !isText(username) || !isText(password)) return malformed
  return { username, password }
}

/** A lone surrogate would become U+FFFD in any hash, and two passwords one. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && isWellFormed(value)
}
