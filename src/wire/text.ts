// Neither keeps anything between calls, since nothing here decodes a stream. (Node cannot decode with a frozen one.)
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Encoder = new TextEncoder()

const CHUNK = 4096

/**
 * Decodes UTF-8 and answers `undefined` for octets that are not UTF-8; nothing is ever replaced by U+FFFD.
 * A byte order mark is kept, so that two different octet sequences never give the same text.
 *
 * @see RFC 3629
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Decodes ISO-8859-1: each octet is the character with that code. (A `TextDecoder` would decode windows-1252.) */
export function decodeLatin1(bytes: Uint8Array): string {
  return fromCharCodes(bytes)
}

/** Makes a text of character codes, a few thousand at a time, since they are passed as arguments. */
export function fromCharCodes(codes: Uint8Array | Uint16Array): string {
  if (codes.length <= CHUNK) {
    const all: string = Reflect.apply(String.fromCharCode, undefined, codes)
    return all
  }
  let text = ''
  for (let from = 0; from < codes.length; from += CHUNK) {
    const chunk: string = Reflect.apply(String.fromCharCode, undefined, codes.subarray(from, from + CHUNK))
    text += chunk
  }
  return text
}

/** Encodes a text as UTF-8. A lone surrogate becomes U+FFFD: refuse it before with `isWellFormed`. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return utf8Encoder.encode(text)
}

/** Tells whether a text is free of lone surrogates, which no encoding can carry. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
