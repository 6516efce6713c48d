/** One line of a file of Apache's that says something. */
export interface Line {
  /** Counted from 1. */
  readonly number: number
  readonly text: string
}

const BYTE_ORDER_MARK = '\ufeff'

/** What Apache reads at most; a longer line makes it give up. */
const MAXIMUM_LINE_LENGTH = 8191

/** What `htpasswd` and `htdigest` take at most for a name. */
const MAXIMUM_NAME_LENGTH = 255

/** Gives the lines as Apache reads them: blanks at both ends are cut off, empty lines and those with `#` in front skipped. */
export function* significantLines(text: string): Generator<Line> {
  let number = 0
  for (let from = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0; from < text.length; ) {
    const feed = text.indexOf('\n', from)
    const end = feed === -1 ? text.length : feed
    number += 1
    const line = trimmed(text, from, end)
    if (line !== '' && !line.startsWith('#')) yield { number, text: line }
    from = end + 1
  }
}

/** Blanks are those of C's `isspace`; `trim` knows more of them, which may stand in a name. */
function trimmed(text: string, from: number, end: number): string {
  let [first, last] = [from, end]
  while (first < last && isBlank(text.charCodeAt(first))) first += 1
  while (first < last && isBlank(text.charCodeAt(last - 1))) last -= 1
  return text.slice(first, last)
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

/** Takes a line apart at its colons, and answers `undefined` for one that Apache's tools cannot have written. */
export function fieldsOf({ text }: Line, atLeast: number): readonly string[] | undefined {
  if (text.length > MAXIMUM_LINE_LENGTH || text.includes('\0')) return undefined
  const fields = text.split(':')
  const [name = ''] = fields
  return fields.length < atLeast || name === '' || name.length > MAXIMUM_NAME_LENGTH ? undefined : fields
}
