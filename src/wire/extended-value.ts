import { percentDecode, percentEncode } from './percent.ts'

/**
 * A text that was sent as an extended parameter value, such as `username*` of Digest.
 *
 * @see RFC 8187, section 3.2
 */
export interface ExtendedValue {
  /** The charset as received; always UTF-8, in whatever case. */
  readonly charset: string
  /** The language tag as received; empty when none was given, which is usual. */
  readonly language: string
  /** The decoded text. */
  readonly value: string
}

const LANGUAGE = /^[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*$/
// attr-char and "%": percentDecode checks that the escapes are complete.
const VALUE_CHARACTERS = /^[A-Za-z0-9!#$&+\-.^_`|~%]*$/

/**
 * Parses an `ext-value`: `charset'[language]'value`. Accepts UTF-8 only, as recipients need no other, and answers
 * `undefined` for anything else, for foreign characters, bad escapes and octets that are not UTF-8. Never throws.
 *
 * @example
 * import { parseExtendedValue } from 'becauth/wire'
 *
 * parseExtendedValue("UTF-8''J%C3%A4s%C3%B8n")?.value // 'Jäsøn'
 *
 * @see RFC 8187, section 3.2
 */
export function parseExtendedValue(text: string): ExtendedValue | undefined {
  const charset = text.slice(0, 5)
  if (charset.toLowerCase() !== 'utf-8' || text.charAt(5) !== "'") return undefined
  const languageEnd = text.indexOf("'", 6)
  if (languageEnd === -1) return undefined
  const language = text.slice(6, languageEnd)
  const encoded = text.slice(languageEnd + 1)
  if ((language !== '' && !LANGUAGE.test(language)) || !VALUE_CHARACTERS.test(encoded)) return undefined
  const value = percentDecode(encoded)
  return value === undefined ? undefined : { charset, language, value }
}

/**
 * Writes a text as an `ext-value` in UTF-8. Answers `undefined` for a lone surrogate and for a malformed language tag.
 *
 * @param language a language tag. Default: none.
 *
 * @example
 * import { formatExtendedValue } from 'becauth/wire'
 *
 * formatExtendedValue('Jäsøn') // "UTF-8''J%C3%A4s%C3%B8n"
 *
 * @see RFC 8187, section 3.2
 */
export function formatExtendedValue(text: string, language: string = ''): string | undefined {
  if (language !== '' && !LANGUAGE.test(language)) return undefined
  const encoded = percentEncode(text)
  return encoded === undefined ? undefined : `UTF-8'${language}'${encoded}`
}
