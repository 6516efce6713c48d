import { type LeafOutcome, predict, type Tree, type World } from './model.ts'

const a: Tree = { type: 'leaf', name: 'a' }
const b: Tree = { type: 'leaf', name: 'b' }
const optional = (child: Tree): Tree => ({ type: 'optional', child })
const attempt = (child: Tree): Tree => ({ type: 'attempt', child })
const anyOf = (...children: Tree[]): Tree => ({ type: 'anyOf', children })
const allOf = (...children: Tree[]): Tree => ({ type: 'allOf', children })

const words: Readonly<Partial<Record<LeafOutcome, string>>> = {
  success: 'right',
  none: 'none',
  invalid: 'wrong',
  discardable: 'stale',
  'malformed-request': 'malformed',
  throttled: 'throttled',
  'retryable-error': 'down',
  'final-error': 'failed for good',
}

function schemeOf(name: string) {
  return { scheme: name, realm: name }
}

/** What comes of a requirement, in the words of the documentation: who is known, `anonymous`, or status and challenges. */
function cell(tree: Tree, world: World): string {
  const { kind, principals, status, challenges } = predict(tree, world)
  if (kind === 'authenticated') return principals.join(' and ')
  if (kind === 'anonymous') return 'anonymous'
  return [String(status), challenges.map(({ scheme }) => scheme).join(', ')].filter((text) => text !== '').join(' ')
}

function table(
  names: readonly string[],
  titles: Readonly<Record<string, Tree>>,
  rows: readonly LeafOutcome[][],
): string {
  const head = [...names, ...Object.keys(titles).map((title) => `\`${title}\``)]
  const body = rows.map((row) => {
    const world: World = { schemeOf, outcomeOf: (name) => row[names.indexOf(name)] ?? 'none' }
    return [
      ...row.map((outcome) => words[outcome] ?? outcome),
      ...Object.values(titles).map((tree) => cell(tree, world)),
    ]
  })
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** The tables of docs/decision.md, printed from the reference model. */
export function decisionTables(): { readonly one: string; readonly two: string } {
  const telling = ['success', 'none', 'wrong', 'down'] as const
  const outcomeOf = { success: 'success', none: 'none', wrong: 'invalid', down: 'retryable-error' } as const
  const pairs = telling.flatMap((first) => telling.map((second) => [outcomeOf[first], outcomeOf[second]]))
  const singles = Object.keys(words) as LeafOutcome[] // the keys of a table that is written out above
  return {
    one: table(
      ['a'],
      { 'require(a)': a, 'optional(a)': optional(a), 'attempt(a)': attempt(a) },
      singles.map((outcome) => [outcome]),
    ),
    two: table(
      ['a', 'b'],
      {
        'anyOf(a, b)': anyOf(a, b),
        'allOf(a, b)': allOf(a, b),
        'optional(anyOf(a, b))': optional(anyOf(a, b)),
        'allOf(optional(a), b)': allOf(optional(a), b),
        'anyOf(attempt(a), b)': anyOf(attempt(a), b),
        'allOf(attempt(a), b)': allOf(attempt(a), b),
      },
      pairs,
    ),
  }
}
