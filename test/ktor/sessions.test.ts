import { parseSetCookie } from 'cookie'
import { describe, expect, it } from 'vitest'
import {
  researchedSessionCases,
  type SessionCase,
  type SessionExpected,
  type SessionFieldFact,
  sessionCasesOfKtor,
  toldOf,
} from './session-cases.ts'
import type { Seen } from './session-kit.ts'
import { sealedObservers } from './session-sealed.ts'
import { storageObservers } from './session-storage.ts'
import { storedObservers } from './session-stored.ts'
import { lacking, sessionVerdicts } from './session-verdicts.ts'

const cases = sessionCasesOfKtor()
const research = researchedSessionCases()
const observers = { ...sealedObservers, ...storedObservers, ...storageObservers }
const observed = cases.filter(({ id }) => observers[id] !== undefined)

function holds(name: string, fact: SessionFieldFact, { fields = [], challenges = [] }: Seen): boolean {
  const lines = fields.filter(([field]) => field === name).map(([, value]) => value)
  const { present, cookie, matches, value, domain, maxAge, expires } = fact
  if (present !== undefined) return present === (name === 'WWW-Authenticate' ? challenges : lines).length > 0
  return lines
    .map((line) => parseSetCookie(line))
    .some((set) => {
      const text = set.value ?? ''
      return (
        (cookie === undefined || set.name === cookie) &&
        (matches === undefined || new RegExp(`^${matches}$`).test(text)) &&
        (value === undefined || text === value) &&
        (domain === undefined || set.domain === domain) &&
        (maxAge === undefined || set.maxAge === maxAge) &&
        (expires === undefined || set.expires !== undefined)
      )
    })
}

/** The facts of Ktor's that do not hold for what becauth does. */
function disagreements(expected: SessionExpected, seen: Seen): readonly string[] {
  const { status, principal, cause, headers = {}, body, result, error, derived = {} } = expected
  const agrees: Readonly<Record<string, boolean>> = {
    status: status === undefined || status === seen.status,
    principal: principal === undefined || JSON.stringify(principal) === JSON.stringify(seen.principal),
    cause: cause === undefined || cause.default === seen.cause,
    headers: Object.entries(headers).every(([name, fact]) => holds(name, fact, seen)),
    body: body === undefined || body === seen.body,
    result: result === undefined || result === seen.result,
    error: (error === undefined) === (seen.error === undefined),
    derived: Object.values(derived).every((text) =>
      seen.fields?.some(([, line]) => parseSetCookie(line).value === text),
    ),
  }
  return Object.keys(agrees).filter((name) => agrees[name] !== true)
}

async function observe({ id }: SessionCase): Promise<Seen> {
  const observer = observers[id]
  if (observer === undefined) throw new Error(`nobody observes ${id}`)
  return observer()
}

describe('cases of Ktor about sessions', () => {
  it.each(observed)('$id', async (one) => {
    const row = sessionVerdicts[one.id]
    const seen = await observe(one)
    expect(Object.keys(one.expected)).not.toHaveLength(0)
    expect(disagreements(one.expected, seen)).toEqual(row?.differs ?? [])
    if (row !== undefined) expect(seen).toMatchObject(row.verdict)
  })
})

describe('the table of verdicts on sessions', () => {
  const ids = cases.map(({ id }) => id)

  it('has every case: observed, or about machinery that becauth does without', () => {
    expect([...Object.keys(observers), ...Object.keys(lacking)].toSorted()).toEqual(ids.toSorted())
    expect(cases).toHaveLength(86)
  })

  it('has a row for every case that documents a deviation of Ktor, and none without a case', () => {
    const deviating = cases.filter(({ deviations }) => deviations.length > 0).map(({ id }) => id)
    expect(deviating.filter((id) => sessionVerdicts[id] === undefined)).toEqual([])
    expect(Object.keys(sessionVerdicts).filter((id) => observers[id] === undefined)).toEqual([])
  })
})

describe.skipIf(research === undefined)('the research on sessions in Ktor', () => {
  it('has no case of these areas that is missing or told otherwise here', () => {
    expect(cases.map(toldOf)).toEqual(research)
  })
})
