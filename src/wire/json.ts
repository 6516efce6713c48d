/** What a JSON text can stand for. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** What a JSON object stands for: its members, each name once. */
export interface JsonObject {
  readonly [name: string]: JsonValue
}

const MAXIMUM_DEPTH = 64

const QUOTE = 0x22
const COLON = 0x3a
const OPENING_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSING_BRACKET = 0x5d
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

/**
 * Parses a JSON text and accepts only what every reader understands alike: no member name twice in an object, no number
 * beyond a double, no lone surrogate in an escape, no byte order mark, at most 64 levels; and no member `__proto__`, which
 * `Object.assign` would make a prototype. Anything else is `undefined`. Never throws; takes time linear in the length.
 *
 * @see RFC 8259, section 4; RFC 7493, section 2
 */
export function parseJson(text: string): JsonValue | undefined {
  const written = membersWritten(text)
  if (written === undefined) return undefined
  const value = parsed(text)
  if (value === undefined) return undefined
  return membersIn(value, text.includes('\\u')) === written ? value : undefined
}

/** Parses a JSON text that must stand for an object, as strictly as `parseJson`. */
export function parseJsonObject(text: string): JsonObject | undefined {
  const value = parseJson(text)
  return isJsonObject(value) ? value : undefined
}

/** Tells an object from lists, `null` and everything else. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

/** How many members a text writes: one for each colon outside strings. `undefined` when it goes too deep. */
function membersWritten(text: string): number | undefined {
  let members = 0
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) index = endOfString(text, index + 1)
    else if (code === COLON) members++
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
      if (++depth > MAXIMUM_DEPTH) return undefined
    } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) depth--
  }
  return members
}

/** The place of the quotation mark that ends a string; the end of the text when none does. */
function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from)
  while (end !== -1 && isEscaped(text, end, from)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

function isEscaped(text: string, quote: number, from: number): boolean {
  let backslash = quote
  while (backslash > from && text.charCodeAt(backslash - 1) === BACKSLASH) backslash--
  return (quote - backslash) % 2 === 1
}

/**
 * How many members a value has: fewer than were written where a name came twice, −∞ with something that I-JSON
 * or caution forbids.
 */
function membersIn(value: JsonValue, hasEscapes: boolean): number {
  if (typeof value === 'string') return hasEscapes && hasLoneSurrogate(value) ? Number.NEGATIVE_INFINITY : 0
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NEGATIVE_INFINITY
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (isList(value)) {
    for (const item of value) members += membersIn(item, hasEscapes)
    return members
  }
  for (const name of Object.keys(value)) {
    const member = value[name]
    members++
    if (name === '__proto__' || (hasEscapes && hasLoneSurrogate(name))) return Number.NEGATIVE_INFINITY
    if (member !== undefined) members += membersIn(member, hasEscapes)
  }
  return members
}

function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function hasLoneSurrogate(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index) & 0xfc00
    if (code === 0xdc00) return true
    if (code === 0xd800 && (text.charCodeAt(++index) & 0xfc00) !== 0xdc00) return true
  }
  return false
}
