import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { build, difference, type LeafSpec, scriptedRegistry, written } from './harness.ts'
import { alwaysYields, type LeafOutcome, leafOutcomes, predict, rareOutcomes, type Tree, type World } from './model.ts'
import { requestOf } from './request.ts'

// Schemes that clients know among some that they do not, and two pairs that share a challenge.
const leaves: readonly LeafSpec[] = [
  { name: 'a', scheme: 'ApiKey', realm: 'a', isAsync: false, says400: false },
  { name: 'b', scheme: 'Basic', realm: 'b', isAsync: true, says400: false },
  { name: 'c', scheme: 'Bearer', realm: 'c', isAsync: false },
  { name: 'd', scheme: 'Session', realm: 'shared', isAsync: true, says400: false },
  { name: 'e', scheme: 'Session', realm: 'shared', isAsync: false, says400: false },
  { name: 'f', scheme: 'Digest', realm: 'f', isAsync: true },
  { name: 'g', scheme: 'Bearer', realm: 'c', isAsync: false },
]
const names = leaves.map(({ name }) => name)
const says401 = new Set(leaves.filter(({ says400 }) => says400 === false).map(({ name }) => name))
const auth = scriptedRegistry(leaves)

const outcomes = fc.record<Record<string, LeafOutcome>>(
  Object.fromEntries(
    names.map((name) => [
      name,
      // Failures that let something pass are more telling than those that settle everything.
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom<LeafOutcome>('none', 'success', 'invalid', 'discardable') },
        { weight: 2, arbitrary: fc.constantFrom<LeafOutcome>(...leafOutcomes, rareOutcomes[0]) },
      ),
    ]),
  ),
)

function worldOf(script: Readonly<Record<string, LeafOutcome>>): World {
  return {
    outcomeOf: (name) => {
      const outcome = script[name] ?? 'none'
      return outcome === 'malformed-request' && says401.has(name) ? 'malformed-request-401' : outcome
    },
    schemeOf: (name) => {
      const spec = leaves.find((leaf) => leaf.name === name)
      return { scheme: spec?.scheme ?? '', realm: spec?.realm ?? '' }
    },
  }
}

const { tree } = fc.letrec<{ tree: Tree; leaf: Tree; many: Tree; one: Tree; asked: Tree }>((tie) => ({
  tree: fc.oneof({ maxDepth: 5, depthSize: 'small' }, tie('leaf'), tie('many'), tie('one'), tie('asked')),
  leaf: fc.record({ type: fc.constant('leaf' as const), name: fc.constantFrom(...names) }),
  many: fc.record({
    type: fc.constantFrom('anyOf' as const, 'allOf' as const),
    children: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
  }),
  one: fc.oneof(
    fc.record({ type: fc.constantFrom('optional' as const, 'attempt' as const), child: tie('tree') }),
    fc.record({ type: fc.constant('skipWhen' as const), answer: fc.boolean(), child: tie('tree') }),
  ),
  asked: fc
    .record({ type: fc.constantFrom('allow' as const, 'map' as const), answer: fc.boolean(), child: tie('tree') })
    .map((one) => (alwaysYields(one.child) ? one : one.child)),
}))

describe('the engine and the reference model agree on random requirements', () => {
  it('up to four wide and five deep, with providers that come twice, synchronous and not', async () => {
    await fc.assert(
      fc.asyncProperty(tree, outcomes, fc.boolean(), async (requirement, script, later) => {
        const ran: string[] = []
        const outcome = await build(requirement, auth, later).decide(requestOf({ native: { outcomes: script, ran } }))
        const wrong = difference(outcome, ran, predict(requirement, worldOf(script)))
        expect(wrong, written(requirement)).toBeUndefined()
      }),
      { numRuns: 6000 },
    )
  })

  it('when several requirements are decided for one request at once, each provider running once', async () => {
    const several = fc.array(tree, { minLength: 2, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(several, outcomes, async (requirements, script) => {
        const ran: string[] = []
        const native = { outcomes: script, ran }
        const decided = await Promise.all(
          requirements.map((requirement) => build(requirement, auth).decide(requestOf({ native }))),
        )
        expect(new Set(ran).size).toBe(ran.length)
        for (const [index, requirement] of requirements.entries()) {
          const said = predict(requirement, worldOf(script))
          const outcome = decided[index]
          expect(outcome && difference(outcome, said.ran, said), written(requirement)).toBeUndefined()
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('when a requirement is decided again for the same request: the same answer, and nothing runs again', async () => {
    await fc.assert(
      fc.asyncProperty(tree, outcomes, async (requirement, script) => {
        const ran: string[] = []
        const native = { outcomes: script, ran }
        const built = build(requirement, auth)
        await built.decide(requestOf({ native }))
        const before = ran.length
        const again = await built.decide(requestOf({ native }))
        expect(ran.length).toBe(before)
        expect(difference(again, ran, predict(requirement, worldOf(script)))).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })
})
