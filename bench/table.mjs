// Markdown tables of what was measured. `node table.mjs` prints those of results/latest.json; with `--write` it puts them
// into README.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The tables of whatever parts are there. */
export function tablesOf({ inProcess, http, digest, digestHttp, throughput, loginFlood, ...rest }) {
  const { sessions, sessionHttp, manySessions, tokens, rotation, tokenHttp, directory, logins } = rest
  return [
    inProcess && processTable(inProcess),
    http && serverTable(http, ['basic', 'bearer', 'refused', 'control']),
    tokens && verifiedTable(tokens.verified),
    tokens && hitsTable(tokens.hits),
    tokens && refusedTable(tokens.refused),
    rotation && rotationTable(rotation),
    tokenHttp && serverTable(tokenHttp, ['HS256', 'RS256', 'RS256 cached', 'control']),
    digest && digestTable(digest),
    digestHttp && serverTable(digestHttp, ['MD5', 'SHA-256']),
    sessions && sessionTable(sessions),
    sessionHttp && serverTable(sessionHttp, ['memory', 'SQLite', 'Redis', 'sealed', 'control']),
    manySessions && manySessionsTable(manySessions),
    directory && directoryTable(directory),
    logins && loginTable(logins),
    throughput && throughputTable(throughput),
    loginFlood && loginFloodTable(loginFlood),
  ]
    .filter((table) => table !== undefined)
    .join('\n')
}

function processTable(rows) {
  return table(
    ['in one process', 'µs', 'floor µs (one SHA-256)', '÷ floor'],
    rows.map(({ name, microseconds, floor }) => [
      name,
      microseconds.toFixed(2),
      floor?.toFixed(2) ?? '–',
      floor === undefined ? '–' : (microseconds / floor).toFixed(2),
    ]),
  )
}

function verifiedTable(columns) {
  const names = [...new Set(columns.flatMap(({ rows }) => Object.keys(rows)))]
  const cellOf = (row) => (row === undefined ? '–' : `${row.microseconds.toFixed(1)} / ${row.ratio.toFixed(2)}`)
  return `Verifying a token: µs / times the floor, which is Node’s own function over the same bytes\n\n${table(
    ['', ...columns.map(({ alg, length }) => `${alg} (${length} characters)`)],
    names.map((name) => [name, ...columns.map(({ rows }) => cellOf(rows[name]))]),
  )}`
}

function hitsTable(rows) {
  return table(
    ['a token that is remembered', 'decision µs', 'one hash µs', 'trivial decision µs', 'what is left µs'],
    rows.map(({ length, hash, hit, trivial }) => [
      `${length} characters`,
      hit.toFixed(2),
      hash.toFixed(2),
      trivial.toFixed(2),
      (hit - hash - trivial).toFixed(2),
    ]),
  )
}

function refusedTable(rows) {
  return table(
    ['a wrong HS256 signature, refused', 'µs', '÷ accepting'],
    Object.entries(rows).map(([name, { microseconds, ratio }]) => [name, microseconds.toFixed(1), ratio.toFixed(2)]),
  )
}

function rotationTable({ requests, rotating, madeUp }) {
  return table(
    [`${requests} requests in an hour`, 'fetches', 'answered otherwise'],
    [
      [`the issuer takes ${rotating.rotations} new keys`, String(rotating.fetches), String(rotating.unanswered)],
      ['each names a key that nobody has', String(madeUp.fetches), String(madeUp.accepted)],
    ],
  )
}

function digestTable(rows) {
  return table(
    ['Digest in one process', 'accepted µs', 'refused µs', 'one hash µs', 'hashes + 6 µs', 'goal: 5 hashes + 6 µs'],
    rows.map(({ algorithm, accepted, refused, hash }) => [
      algorithm,
      accepted.toFixed(1),
      refused.toFixed(1),
      hash.toFixed(2),
      Math.max(0, (accepted - 6) / hash).toFixed(1),
      (5 * hash + 6).toFixed(1),
    ]),
  )
}

function sessionTable(rows) {
  return table(
    ['a session in one process', 'µs'],
    rows.map(({ name, microseconds }) => [name, microseconds.toFixed(2)]),
  )
}

function manySessionsTable(rows) {
  const head = [
    'logins per second',
    'bytes per session',
    'lookup p50 µs',
    'p99 µs',
    'swept',
    'ms',
    'longest standstill ms',
  ]
  return table(
    [`${rows[0].count} stored sessions`, ...head],
    rows.map(({ name, loginsPerSecond, bytes, lookup, sweep }) => [
      name,
      loginsPerSecond.toFixed(0),
      bytes.toFixed(0),
      lookup.p50.toFixed(1),
      lookup.p99.toFixed(1),
      `${sweep.swept} in ${sweep.calls} calls`,
      sweep.milliseconds.toFixed(0),
      sweep.longestStandstill.toFixed(1),
    ]),
  )
}

function serverTable(results, names) {
  const rows = results.map(({ framework, library, rows }) => [
    framework,
    library,
    String(Object.values(rows)[0].openRate),
    ...names.map((name) => cell(rows[name])),
  ])
  const head = names.map((name) => (name === 'control' ? 'open ÷ open' : name))
  const about = 'Protected ÷ open (half of the rounds) / CPU µs added per request / p99 ms\n\n'
  return about + table(['framework', 'library', 'open req/s', ...head], rows)
}

function cell(measured) {
  if (measured === undefined) return '–'
  const { ratio, quartiles, addedMicroseconds, p99 } = measured
  const spread = quartiles === undefined ? '' : ` (${quartiles.map((one) => one.toFixed(2)).join('–')})`
  return `${ratio.toFixed(2)}${spread} / ${addedMicroseconds.toFixed(1)} / ${p99.toFixed(1)}`
}

function directoryTable({ cheap, hash }) {
  const cellsOf = ({ perSecond, p99, ratio }) => [
    perSecond.toFixed(0),
    p99.toFixed(2),
    ratio === undefined ? '–' : ratio.toFixed(2),
  ]
  return table(
    [
      'logins of a directory, ten at a time',
      ...['plain', 'Argon2'].flatMap((name) => [`${name}: per second`, 'p99 ms', '÷ bare']),
    ],
    cheap.map((row, index) => [row.name, ...cellsOf(row), ...cellsOf(hash[index])]),
  )
}

function loginTable(rows) {
  return table(
    ['a login by OpenID Connect', 'CPU µs', '÷ bare'],
    rows.map(({ name, microseconds, ratio }) => [name, microseconds.toFixed(0), ratio.toFixed(2)]),
  )
}

function throughputTable({ oneByOne, bare, queued, concurrency }) {
  return table(
    ['Argon2id, OWASP parameters', 'verifications per second'],
    [
      ['@node-rs/argon2, one after the other', oneByOne.toFixed(1)],
      [`@node-rs/argon2, ${concurrency} at a time`, bare.toFixed(1)],
      [`becauth’s queue, ${concurrency} at a time`, queued.toFixed(1)],
    ],
  )
}

function loginFloodTable({ idle, patient, rude, cheap }) {
  const row = (name, { p50, p99, perSecond = {} }) => [
    name,
    p50.toFixed(1),
    p99.toFixed(1),
    (p99 - idle.p99).toFixed(1),
    Object.entries(perSecond)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', '),
  ]
  return table(
    ['an unrelated open route', 'p50 ms', 'p99 ms', 'p99 above idle', 'the flood per second'],
    [
      row('idle', idle),
      row('200 connections flood the login and heed Retry-After', patient),
      row('they ask again at once', rude),
      row('they do so to a route that does nothing', cheap),
    ],
  )
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = JSON.parse(readFileSync(new URL('results/latest.json', import.meta.url), 'utf8'))
  const pinning = result.pinned ? 'generator and server pinned to a core each' : 'nothing pinned'
  const { rounds, seconds } = result.settings
  const about = `${result.at.slice(0, 10)}, ${result.cpu}, Node ${result.node}, ${pinning}, ${rounds} × ${seconds} s.`
  const text = `${about}\n\n${tablesOf(result)}`
  const readme = new URL('README.md', import.meta.url)
  if (process.argv.includes('--write')) {
    const [before, rest = ''] = readFileSync(readme, 'utf8').split('<!-- figures -->\n')
    const after = rest.split('<!-- end of figures -->')[1] ?? '\n'
    writeFileSync(readme, `${before}<!-- figures -->\n\n${text}\n<!-- end of figures -->${after}`)
  } else console.log(text)
}
