const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/**
 * Tells whether the object that a JSON text stands for has one of these members more than once at its top level.
 * The text must be valid JSON. Takes time linear in the length.
 *
 * @see RFC 8259, section 4
 */
export function repeatsMember(text: string, names: readonly string[]): boolean {
  const seen = new Set<string>()
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (character === '"') {
      const end = endOfString(text, index)
      if (depth === 1 && isFollowedByColon(text, end)) {
        const name: unknown = JSON.parse(text.slice(index, end))
        if (typeof name === 'string' && names.includes(name)) {
          if (seen.has(name)) return true
          seen.add(name)
        }
      }
      index = end - 1
    }
  }
  return false
}

/** The place after the closing quotation mark of the string that starts at `from`. */
function endOfString(text: string, from: number): number {
  let index = from + 1
  while (index < text.length && text.charCodeAt(index) !== QUOTE) {
    index += text.charCodeAt(index) === BACKSLASH ? 2 : 1
  }
  return index + 1
}

function isFollowedByColon(text: string, from: number): boolean {
  let index = from
  while (index < text.length && ' \t\n\r'.includes(text.charAt(index))) index++
  return text.charCodeAt(index) === COLON
}
