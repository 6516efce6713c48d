import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decisionTables } from './table.ts'

const document = readFileSync(new URL('../../docs/decision.md', import.meta.url), 'utf8')

/** The table of the document whose head begins with these columns. */
function tableOf(head: string): string | undefined {
  return document.split('\n\n').find((part) => part.startsWith(head))
}

describe('docs/decision.md', () => {
  it('shows what comes of one provider as the reference model says', () => {
    expect(tableOf('| a | `require(a)`')).toBe(decisionTables().one)
  })

  it('shows what comes of two providers as the reference model says', () => {
    expect(tableOf('| a | b |')).toBe(decisionTables().two)
  })
})
