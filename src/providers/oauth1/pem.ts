import { decodeBase64 } from '../../wire/base64.ts'

/** The two labels of RFC 7468 that Web Crypto's formats stand behind. */
export type PemLabel = 'PUBLIC KEY' | 'PRIVATE KEY'

const MAXIMUM_LENGTH = 16_384

/**
 * Reads the DER in a PEM text with this label and nothing around it; `undefined` for anything else.
 *
 * @see RFC 7468, sections 10 and 13
 */
export function readPem(text: string, label: PemLabel): Uint8Array<ArrayBuffer> | undefined {
  const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`]
  const trimmed = text.trim()
  if (trimmed.length > MAXIMUM_LENGTH || !trimmed.startsWith(begin) || !trimmed.endsWith(end)) return undefined
  const der = decodeBase64(trimmed.slice(begin.length, -end.length).replace(/[\t\n\r ]/g, ''))
  return der === undefined || der.length === 0 ? undefined : der
}
