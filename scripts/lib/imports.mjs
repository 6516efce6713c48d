/**
 * The imports of a TypeScript or JavaScript module, in order.
 *
 * `kind` is `value`, `type` (`import type`, `export type … from`, `import('…')` in a type), or `dynamic`; `reexport`
 * tells `export … from` from `import`.
 */
export function importsOf(source) {
  const text = withoutComments(source)
  const found = []
  const add = (match, specifier, kind, reexport) =>
    found.push({ specifier, kind, reexport, line: lineOf(text, match.index + match[0].search(/\S/)) })

  const statement =
    /(?:^|[;\n])[ \t]*(import|export)\b(\s+type\b(?!\s*(?:,|from\b)))?(\s*(?:[\w$]+\s*,?\s*)?(?:\{[^}]*\}|\*(?:\s*as\s+[\w$]+)?)?\s*\bfrom)?\s*(['"])([^'"\n]+)\4/g
  for (const match of text.matchAll(statement)) {
    const [, keyword, type, from, , specifier] = match
    if (keyword === 'export' && from === undefined) continue
    add(match, specifier, type === undefined ? 'value' : 'type', keyword === 'export')
  }
  for (const match of text.matchAll(/\bimport\s*\(\s*(['"])([^'"\n]+)\1\s*\)(\s*\.\s*[A-Z])?/g)) {
    add(match, match[2], match[3] === undefined ? 'dynamic' : 'type', false)
  }
  return found.sort((a, b) => a.line - b.line)
}

function lineOf(text, index) {
  return text.slice(0, index).split('\n').length
}

/** Comments become blanks, lines are kept. Strings stay, so that `'//'` inside one hides nothing. */
export function withoutComments(source) {
  return source.replace(
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (token) => (token.startsWith('/*') || token.startsWith('//') ? token.replace(/[^\n]/g, ' ') : token),
  )
}
