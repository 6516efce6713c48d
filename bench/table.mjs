/** Markdown tables of what was measured. */

export function processTable(rows) {
  const lines = rows.map(({ name, microseconds, floor }) =>
    row([
      name,
      microseconds.toFixed(2),
      floor?.toFixed(2) ?? '–',
      floor === undefined ? '–' : (microseconds / floor).toFixed(2),
    ]),
  )
  return [
    row(['in one process', 'µs', 'floor µs (one SHA-256)', '÷ floor']),
    row(['---', '---', '---', '---']),
    ...lines,
    '',
  ].join('\n')
}

export function serverTable(results) {
  const names = ['basic', 'bearer', 'refused', 'control']
  const lines = results.map(({ framework, library, rows }) =>
    row([framework, library, String(rows.basic.openRate), ...names.map((name) => cell(rows[name]))]),
  )
  const head = [
    'framework',
    'library',
    'open req/s',
    ...names.map((name) => (name === 'control' ? 'open ÷ open' : name)),
  ]
  return [
    'Protected ÷ open | CPU µs added per request | p99 ms',
    '',
    row(head),
    row(head.map(() => '---')),
    ...lines,
    '',
  ].join('\n')
}

function cell(measured) {
  if (measured === undefined) return '–'
  return `${measured.ratio.toFixed(2)} / ${measured.addedMicroseconds.toFixed(1)} / ${measured.p99}`
}

function row(cells) {
  return `| ${cells.join(' | ')} |`
}
