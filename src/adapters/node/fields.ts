/** Header fields that can be looked at and set: a Node response, or a framework's reply upon it. */
export interface Fields {
  getHeader(name: string): unknown
  setHeader(name: string, value: string | readonly string[]): unknown
}

/** A field's lines as set so far. */
export function fieldLines(response: Pick<Fields, 'getHeader'>, name: string): readonly string[] {
  const value = response.getHeader(name)
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value.map(String) : [String(value)]
}

/** Adds a line, or a first one. */
export function appendField(response: Fields, name: string, value: string): void {
  const before = response.getHeader(name)
  response.setHeader(name, before === undefined ? value : [...fieldLines(response, name), value])
}

/** Adds what `Vary` does not name yet (RFC 9110, section 12.5.5). */
export function mergeVary(response: Fields, names: readonly string[]): void {
  if (names.length === 0) return
  const lines = fieldLines(response, 'vary')
  if (lines.length === 0) {
    response.setHeader('Vary', names.join(', '))
    return
  }
  const known = lines.join(', ')
  const seen = known.toLowerCase().split(',').map(trim)
  if (seen.includes('*')) return
  const missing = names
    .flatMap((name) => name.split(',').map(trim))
    .filter((name) => !seen.includes(name.toLowerCase()))
  if (missing.length > 0) response.setHeader('Vary', [known, ...missing].filter((part) => part !== '').join(', '))
}

function trim(text: string): string {
  return text.trim()
}
