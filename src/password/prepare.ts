import { encodeUtf8, isWellFormed } from '../wire/text.ts'
import type { PasswordOctets } from './formats/format.ts'

/** The longest password in bytes of UTF-8, as received and after NFC. */
export const MAX_PASSWORD_BYTES = 1024

/** Why a password is refused before anything is computed. */
export type UnusablePassword = 'too-long' | 'ill-formed'

/** A password ready to be hashed. */
export interface PreparedPassword {
  /** After NFC. */
  readonly text: string
  /** The same in UTF-8. */
  readonly nfc: Uint8Array
  /** The forms that legacy formats try. */
  readonly octets: PasswordOctets
}

/**
 * Brings a password into the one form that is hashed: NFC in UTF-8, so that the same characters typed on another
 * keyboard are the same password. NUL, at which C programs stop reading, and lone surrogates are `ill-formed`.
 *
 * @see RFC 8265, section 4.2
 */
export function preparePassword(password: string): PreparedPassword | UnusablePassword {
  // No character is less than a byte; longer ones are not even looked at.
  if (password.length > MAX_PASSWORD_BYTES) return 'too-long'
  if (password.includes('\0') || !isWellFormed(password)) return 'ill-formed'
  const text = password.normalize('NFC')
  const received = encodeUtf8(password)
  const nfc = text === password ? received : encodeUtf8(text)
  if (received.length > MAX_PASSWORD_BYTES || nfc.length > MAX_PASSWORD_BYTES) return 'too-long'
  return { text, nfc, octets: { received, normalised: nfc === received ? undefined : nfc } }
}
