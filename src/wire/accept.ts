import { parseMediaType } from './media-type.ts'
import { elementEnd, SEMICOLON, skipWhitespace, trimmedEnd } from './tokens.ts'

const SHORTEST_RANGE = '*/*'.length
const LONGEST_RANGE = 'application/problem+json'.length
const WEIGHT = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/

interface Weights {
  html?: number
  json?: number
  problem?: number
  application?: number
  any?: number
}

/**
 * Tells whether the reader of an `Accept` value is better served by a page than by JSON: `text/html` is named, not only
 * covered by a wildcard, and weighs more than `application/json` and `application/problem+json` do by the most specific
 * range that matches each. A tie, an absent field and malformed elements say no.
 *
 * @see RFC 9110, section 12.5.1
 */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false
  const weights: Weights = {}
  for (let from = 0; from < accept.length; ) {
    const to = elementEnd(accept, from)
    if (to - from >= SHORTEST_RANGE) weigh(accept, from, to, weights)
    from = to + 1
  }
  const wildcard = weights.application ?? weights.any ?? 0
  return (weights.html ?? 0) > Math.max(weights.json ?? wildcard, weights.problem ?? wildcard)
}

function weigh(text: string, from: number, to: number, weights: Weights): void {
  const key = weightKey(text, from, to)
  if (key === undefined) return
  const range = parseMediaType(text.slice(from, to))
  const weight = range === undefined ? '' : (range.parameters.get('q') ?? '1')
  if (WEIGHT.test(weight)) weights[key] = Math.max(weights[key] ?? 0, Number(weight))
}

// Most elements are of no interest; they are passed over without being parsed.
function weightKey(text: string, from: number, to: number): keyof Weights | undefined {
  const start = skipWhitespace(text, from, to)
  let end = start
  while (end < to && end - start <= LONGEST_RANGE && text.charCodeAt(end) !== SEMICOLON) end++
  switch (text.slice(start, trimmedEnd(text, start, end)).toLowerCase()) {
    case 'text/html':
      return 'html'
    case 'application/json':
      return 'json'
    case 'application/problem+json':
      return 'problem'
    case 'application/*':
      return 'application'
    case '*/*':
      return 'any'
    default:
      return undefined
  }
}
