import { describe, expect, it } from 'vitest'
import { type Case, casesOfKtor, isUnit, ktorOf, researchedCases } from './cases.ts'
import { observe } from './decide.ts'
import { meaningOf, type Observed } from './observed.ts'
import { specials } from './specials.ts'
import { observeUnit } from './units.ts'
import { type Row, verdicts } from './verdicts.ts'

const cases = casesOfKtor()
const areas = new Set(cases.map(({ area }) => area))
const research = researchedCases()

async function observed(one: Case): Promise<Partial<Observed>> {
  return isUnit(one) ? await observeUnit(one) : await (specials[one.id] ?? observe)(one)
}

/** Ktor's answer with our verdict over it. A refused request has no principal, and no handler wrote anything. */
function wantedOf(ktor: Partial<Observed>, { verdict }: Row): Partial<Observed> {
  if (verdict.error !== undefined) return verdict
  const refused = verdict.status !== undefined && verdict.status >= 400
  if (!refused) return { ...ktor, ...verdict }
  const { principal: _, body: _1, json: _2, location: _3, setsCookie: _4, ...kept } = ktor
  return { ...kept, ...verdict, principal: null, handlerRan: false }
}

function compare(actual: Partial<Observed>, wanted: Partial<Observed>, exactChallenges: boolean): void {
  const { bodyIsNot, wwwAuthenticate, ...rest } = wanted
  expect(actual).toMatchObject(rest)
  // toMatchObject would let an object have more than is wanted.
  if (rest.cause !== undefined) expect(actual.cause).toEqual(rest.cause)
  if (bodyIsNot !== undefined) expect(actual.body).not.toBe(bodyIsNot)
  if (wwwAuthenticate === undefined) return
  if (exactChallenges) expect(actual.wwwAuthenticate).toEqual(wwwAuthenticate)
  else expect(meaningOf(actual.wwwAuthenticate ?? [])).toEqual(meaningOf(wwwAuthenticate))
}

describe('cases of Ktor', () => {
  it.each(cases)('$id', async (one) => {
    const ktor = ktorOf(one)
    const row = verdicts[one.id]
    expect(Object.keys(ktor)).not.toHaveLength(0)
    const wanted = row === undefined ? ktor : wantedOf(ktor, row)
    const actual = await observed(one)
    compare(actual, wanted, row?.verdict.wwwAuthenticate !== undefined)
    if (actual.handlerRan !== undefined && actual.status !== undefined) {
      expect(actual.handlerRan).toBe(actual.status === 200)
    }
  })
})

const rewritten = cases.filter((one) => verdicts[one.id]?.writtenAs !== undefined)

describe('cases of Ktor, written as becauth wants it', () => {
  it.each(rewritten)('$id', async (one) => {
    const scopes = verdicts[one.id]?.writtenAs
    if (isUnit(one) || scopes === undefined) throw new Error(`${one.id} has no scopes`)
    // What the handler sets is not the decision's.
    const { setsCookie: _, ...ktor } = ktorOf(one)
    const actual = await observe({ ...one, setup: { ...one.setup, scopes } })
    compare(actual, ktor, false)
  })
})

describe('the table of verdicts', () => {
  it('has a row for every case that documents a deviation of Ktor', () => {
    const deviating = cases.filter(({ deviations }) => deviations.length > 0).map(({ id }) => id)
    expect(deviating.filter((id) => verdicts[id] === undefined)).toEqual([])
    expect(deviating.length).toBeGreaterThan(50)
  })

  it('has no row without a case', () => {
    const ids = new Set(cases.map(({ id }) => id))
    expect(Object.keys(verdicts).filter((id) => !ids.has(id))).toEqual([])
  })

  it('says nothing that Ktor answers as well', () => {
    const needless = cases.flatMap((one) => {
      const ktor = Object.entries(ktorOf(one))
      const ours = Object.entries(verdicts[one.id]?.verdict ?? {})
      const same = ours.filter(([name, value]) =>
        ktor.some(([other, stated]) => other === name && JSON.stringify(stated) === JSON.stringify(value)),
      )
      return same.map(([name]) => `${one.id}: ${name}`)
    })
    expect(needless).toEqual([])
  })

  it('contradicts Ktor in every row', () => {
    const agreeing = cases.filter((one) => {
      const row = verdicts[one.id]
      const ktor = Object.keys(ktorOf(one))
      if (row === undefined || row.verdict.error !== undefined) return false
      return !Object.keys(row.verdict).some((name) => ktor.includes(name))
    })
    expect(agreeing.map(({ id }) => id)).toEqual([])
  })
})

describe.skipIf(research === undefined)('the research on Ktor', () => {
  it('has no case of these areas that is missing or told otherwise here', () => {
    const told = (one: Pick<Case, 'id' | 'request' | 'expected'>) => ({
      id: one.id,
      request: one.request,
      expected: one.expected,
    })
    const theirs = research?.cases.filter(({ area }) => areas.has(area)) ?? []
    expect(areas.size).toBe(9)
    expect(cases.map(told)).toEqual(theirs.map(told))
  })
})
