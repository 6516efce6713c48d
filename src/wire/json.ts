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
 * `Object.assign` would make a prototype. Anything else is `undefined`. What it answers is frozen, all the way down.
 * Never throws; takes time linear in the length.
 *
 * @see RFC 8259, section 4; RFC 7493, section 2
 */
export function parseJson(text: string): JsonValue | undefined {
  const value = parsed(text)
  if (value === undefined) return undefined
  const least = frozenLength(value, MAXIMUM_DEPTH)
  // Nothing is left over that could be written twice, or as an escape: so most programs write.
  if (least === text.length) return value
  if (least === Number.POSITIVE_INFINITY) return undefined
  const written = membersWritten(text)
  return written !== undefined && membersIn(value, text.includes('\\u')) === written ? value : undefined
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

/**
 * Freezes a value and says in how many characters it can be written at least: with no white space, no escape, each member
 * once. +∞ for something that I-JSON or caution forbids.
 */
function frozenLength(value: JsonValue, levels: number): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value === 'number') return leastDigits(value)
  if (typeof value !== 'object' || value === null) return value === false ? 5 : 4
  if (levels === 0) return Number.POSITIVE_INFINITY
  Object.freeze(value)
  // A comma for each but the first, and two brackets.
  let length = 1
  if (isList(value)) {
    for (const item of value) length += frozenLength(item, levels - 1) + 1
    return value.length === 0 ? 2 : length
  }
  const names = Object.keys(value)
  for (const name of names) {
    const member = value[name]
    if (name === '__proto__') return Number.POSITIVE_INFINITY
    if (member !== undefined) length += name.length + 4 + frozenLength(member, levels - 1)
  }
  return names.length === 0 ? 2 : length
}

/** How short a number may be. An exponent takes two characters at least, and saves zeros at the end alone. */
function leastDigits(value: number): number {
  if (!Number.isFinite(value)) return Number.POSITIVE_INFINITY
  if (value < 1 || value > Number.MAX_SAFE_INTEGER || !Number.isInteger(value) || value % 1000 === 0) return 1
  let digits = 1
  for (let power = 10; value >= power; power *= 10) digits++
  return digits
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

/** How many members a value has: fewer than were written where a name came twice, −∞ with half of a character. */
function membersIn(value: JsonValue, hasEscapes: boolean): number {
  if (typeof value === 'string') return hasEscapes && hasLoneSurrogate(value) ? Number.NEGATIVE_INFINITY : 0
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (isList(value)) {
    for (const item of value) members += membersIn(item, hasEscapes)
    return members
  }
  for (const name of Object.keys(value)) {
    const member = value[name]
    members++
    if (hasEscapes && hasLoneSurrogate(name)) return Number.NEGATIVE_INFINITY
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
