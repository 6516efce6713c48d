import { describe, expect, it } from 'vitest'
import {
  type DigestCase,
  type DigestExpected,
  digestCasesOfKtor,
  type FieldFact,
  researchedDigestCases,
} from './digest-cases.ts'
import { observeDigest, observeRewritten, type Seen } from './digest-observed.ts'
import { digestVerdicts } from './digest-verdicts.ts'

const cases = digestCasesOfKtor()
const research = researchedDigestCases()

/** Quoted or not, a parameter says the same; but `notContains` and `matches` are about quotes. */
const bare = (text: string) => text.replaceAll('"', '')

function holds(fact: FieldFact, lines: readonly string[]): boolean {
  const { equals, contains = [], someContains = [], notContains = [], matches = [], count, order = [] } = fact
  const has = (line: string | undefined, part: string) => line !== undefined && bare(line).includes(bare(part))
  return (
    (equals === undefined || (lines.length === 1 && lines[0] === equals)) &&
    contains.every((part) => lines.some((line) => has(line, part))) &&
    someContains.every((part) => lines.some((line) => has(line, part))) &&
    notContains.every((part) => !lines.some((line) => line.includes(part))) &&
    matches.every((pattern) => lines.some((line) => new RegExp(pattern.replace(' (unquoted)', '')).test(line))) &&
    (count === undefined || lines.length === count) &&
    order.every((part, index) => has(lines[index], part))
  )
}

/** The facts of Ktor's that do not hold for what becauth does. */
function disagreements(expected: DigestExpected, seen: Seen): readonly string[] {
  const { status, principal, cause, headers = {}, credentials, clientSent, result, derived, error } = expected
  const found: string[] = []
  const check = (name: string, agrees: boolean) => {
    if (!agrees) found.push(name)
  }
  check('status', status === undefined || status === seen.status)
  check('principal', principal === undefined || principal === seen.principal)
  check('cause', cause === undefined || (typeof cause === 'string' ? cause : cause.default) === seen.cause)
  const { 'WWW-Authenticate': challenge, 'Authentication-Info': info } = headers
  const infos = seen.info === undefined ? [] : [seen.info]
  check(
    'headers',
    (challenge === undefined || holds(challenge, seen.challenges ?? [])) && (info === undefined || holds(info, infos)),
  )
  for (const [name, value] of Object.entries(credentials ?? {})) check(name, seen.credentials?.[name] === value)
  const sent = clientSent?.Authorization
  if (typeof sent === 'string')
    check(
      'clientSent',
      sent.split(' or ').some((part) => seen.sent?.includes(part)),
    )
  else check('clientSent', sent === undefined || holds(sent, [seen.sent ?? '']))
  const wanted = result === '64 hex digits' ? derived : result
  check('result', wanted === undefined || JSON.stringify(wanted) === JSON.stringify(seen.result))
  check('error', error === undefined)
  return found
}

async function compare(one: DigestCase): Promise<void> {
  const row = digestVerdicts[one.id]
  const seen = await observeDigest(one)
  expect(disagreements(one.expected, seen)).toEqual(row?.differs ?? [])
  if (row !== undefined) expect(seen).toMatchObject(row.verdict)
}

describe('Digest cases of Ktor', () => {
  it.each(cases)('$id', compare)
})

describe('Digest cases of Ktor, with a nonce of the service and the uri that is asked for', () => {
  const rewritten = cases.filter(({ id }) => digestVerdicts[id]?.rewritten === true)
  it.each(rewritten)('$id', async (one) => {
    const { status, principal } = one.expected
    const seen = await observeRewritten(one)
    expect(seen.status).toBe(status)
    if (principal !== undefined) expect(seen.principal).toBe(principal)
    expect(seen.info).toMatch(/^rspauth="[0-9a-f]+", qop=auth, nc=00000001, cnonce="[^"]+"$/)
  })
})

describe('the table of Digest verdicts', () => {
  it('has a row for every case that documents a deviation of Ktor, and none without a case', () => {
    const ids = cases.map(({ id }) => id)
    const deviating = cases.filter(({ deviations }) => deviations.length > 0).map(({ id }) => id)
    expect(deviating.filter((id) => digestVerdicts[id] === undefined)).toEqual([])
    expect(Object.keys(digestVerdicts).filter((id) => !ids.includes(id))).toEqual([])
    expect(cases).toHaveLength(55)
  })
})

describe.skipIf(research === undefined)('the research on Digest in Ktor', () => {
  it('has no case of these areas that is missing or told otherwise here', () => {
    expect(cases.map(({ id, request, expected }) => ({ id, request, expected }))).toEqual(research)
  })
})
