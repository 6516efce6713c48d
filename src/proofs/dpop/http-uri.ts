const grammar = /^https?:\/\/[!-[\]-~]+$/i
const unreserved = /[\w.~-]/

/**
 * Normalizes the `htu` of a proof so that two ways to write one address are equal: case of scheme, host and escapes, default
 * ports, dot segments, needless escapes. Query and fragment do not count. `undefined` when it is no address of HTTP.
 *
 * @see RFC 9449, section 4.3, step 9; RFC 3986, sections 6.2.2 and 6.2.3
 */
export function normalizedUri(text: string): string | undefined {
  return grammar.test(text) && URL.canParse(text) ? uriOf(new URL(text)) : undefined
}

/** Does the same for the address that a request came to. */
export function uriOf(url: URL): string | undefined {
  if (url.username !== '' || url.password !== '') return undefined
  return url.origin + url.pathname.replace(/%[\da-f]{2}/gi, normalizedEscape)
}

function normalizedEscape(octet: string): string {
  const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16))
  return unreserved.test(character) ? character : octet.toUpperCase()
}
