import { isWellFormed } from './text.ts'

/**
 * Decodes percent-encoding into the UTF-8 text it stands for. Answers `undefined` for an incomplete or foreign escape, for
 * octets that are not UTF-8, and for a lone surrogate. `+` stands for itself.
 *
 * @see RFC 3986, section 2.1
 */
export function percentDecode(text: string): string | undefined {
  return isWellFormed(text) ? decodeEscapes(text) : undefined
}

/** Decodes percent-encoding in a text known to be well-formed. */
export function decodeEscapes(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * Percent-encodes a text as UTF-8, all but the unreserved `A-Z a-z 0-9 - . _ ~`. Answers `undefined` for a lone surrogate.
 *
 * @see RFC 3986, section 2.3
 */
export function percentEncode(text: string): string | undefined {
  if (!isWellFormed(text)) return undefined
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${hex(character)}`)
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase()
}
