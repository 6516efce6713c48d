import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { casesOfKtor } from './cases.ts'
import * as differences from './differences.ts'
import * as loginDifferences from './login-differences.ts'
import { sessionCasesOfKtor } from './session-cases.ts'
import * as sessionDifferences from './session-differences.ts'
import { lacking, sessionVerdicts } from './session-verdicts.ts'
import { verdicts } from './verdicts.ts'

const text = readFileSync(new URL('../../docs/ktor.md', import.meta.url), 'utf8')
const list = text.slice(text.indexOf('## Differences')).replaceAll(/\s+/g, ' ')
const ofLogins: readonly differences.Difference[] = Object.values(loginDifferences)
const all = [...Object.values(differences), ...Object.values(sessionDifferences), ...ofLogins]
const stated = all.map(({ title, why }) => `- **${title}.** ${why}`)
const rows = [...Object.values(verdicts), ...Object.values(sessionVerdicts)]
const used = [...rows.flatMap(({ because }) => because), ...Object.values(lacking), ...ofLogins]

describe('docs/ktor.md', () => {
  it('says how many cases are tested', () => {
    const count = casesOfKtor().length + sessionCasesOfKtor().length
    expect(text.replaceAll(/\s+/g, ' ')).toContain(`The behaviour of ${count} cases of Ktor is`)
  })

  it('names every difference that a verdict rests on, with its reason', () => {
    expect(used.filter((one) => !list.includes(`- **${one.title}.** ${one.why}`))).toEqual([])
  })

  it('names no difference that no verdict rests on', () => {
    expect(all.filter((one) => !used.includes(one))).toEqual([])
    const items = list.split(/ (?=- \*\*|### )/).filter((item) => item.startsWith('- '))
    expect(items.map((item) => item.trim()).toSorted()).toEqual(stated.toSorted())
  })

  it('gives each difference a title, a rule and one sentence', () => {
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length)
    for (const { title, rule, why } of all) {
      expect(title).not.toMatch(/[.|]$/)
      expect(rule).not.toBe('')
      expect(why).toMatch(/^[A-Z`].*\.$/)
    }
  })
})
