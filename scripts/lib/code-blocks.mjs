/**
 * The TypeScript in documentation: `{ code, line, indent }`, where `line` is the 1-based line of the code's first line
 * and `indent` how many columns were cut off before it.
 */

/** The ```ts blocks of a Markdown text. */
export function blocksOfMarkdown(text) {
  const blocks = []
  let open
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(line)
    if (open === undefined) {
      if (fence !== null) {
        open = { marker: fence[2], indent: fence[1].length, language: fence[3], line: index + 2, lines: [] }
      }
    } else if (fence !== null && fence[3] === '' && fence[2].startsWith(open.marker)) {
      if (/^(ts|tsx|typescript|mts)$/i.test(open.language)) {
        blocks.push({ code: open.lines.join('\n'), line: open.line, indent: open.indent })
      }
      open = undefined
    } else {
      open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))))
    }
  }
  return blocks
}

/** The `@example`s in the docstrings of a TypeScript source, with or without a fence around them. */
export function examplesOfSource(source) {
  const blocks = []
  for (const comment of source.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)) {
    const first = source.slice(0, comment.index).split('\n').length
    const lines = comment[0]
      .replace(/\s*\*\/$/, '')
      .split('\n')
      .map(starless)
    for (let at = 0; at < lines.length; at++) {
      if (!/^@example\b/.test(lines[at].text)) continue
      let end = at + 1
      while (end < lines.length && !/^@[a-z]+/i.test(lines[end].text)) end++
      blocks.push(...blocksOfExample(lines.slice(at + 1, end), first + at + 1))
    }
  }
  return blocks
}

function starless(line) {
  const [prefix] = /^\s*(?:\/\*\*|\*) ?/.exec(line) ?? ['']
  return { text: line.slice(prefix.length), indent: prefix.length }
}

function blocksOfExample(lines, line) {
  const indent = lines[0]?.indent ?? 0
  const code = lines.map(({ text }) => text).join('\n')
  const fenced = /^\s*(```|~~~)/m.test(code)
  if (!fenced) return code.trim() === '' ? [] : [{ code, line, indent }]
  return blocksOfMarkdown(code).map((block) => ({
    ...block,
    line: line + block.line - 1,
    indent: indent + block.indent,
  }))
}
