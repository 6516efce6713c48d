import { describe, expect, it } from 'vitest'
import { build, difference, type LeafSpec, scriptedRegistry, written } from './harness.ts'
import { alwaysYields, type LeafOutcome, leafOutcomes, predict, type Tree } from './model.ts'
import { requestOf } from './request.ts'

const names = ['L1', 'L2', 'L3']

/**
 * All requirements with this many leaves, named in order, and combinators nested this deep; a combinator right inside
 * itself, which changes nothing, is left out.
 */
function treesOf(leaves: number, depth: number, from = 0): Tree[] {
  const trees: Tree[] = leaves === 1 ? [{ type: 'leaf', name: names[from] ?? '' }] : []
  if (depth === 0) return trees
  for (const child of treesOf(leaves, depth - 1, from)) trees.push(...wrapped(child))
  for (let left = 1; left < leaves; left++) {
    const rights = treesOf(leaves - left, depth - 1, from + left)
    for (const a of treesOf(left, depth - 1, from)) {
      for (const b of rights) trees.push({ type: 'anyOf', children: [a, b] }, { type: 'allOf', children: [a, b] })
    }
  }
  return trees
}

function wrapped(child: Tree): Tree[] {
  const trees: Tree[] = []
  if (child.type !== 'optional') trees.push({ type: 'optional', child })
  if (child.type !== 'attempt') trees.push({ type: 'attempt', child })
  if (child.type !== 'skipWhen') trees.push({ type: 'skipWhen', answer: true, child })
  if (alwaysYields(child)) trees.push({ type: 'allow', answer: false, child }, { type: 'map', answer: false, child })
  return trees
}

/** The same requirement with a check and a mapping that agree around each leaf, which changes nothing. */
function padded(tree: Tree): Tree {
  switch (tree.type) {
    case 'leaf':
      return { type: 'allow', answer: true, child: { type: 'map', answer: true, child: tree } }
    case 'anyOf':
    case 'allOf':
      return { ...tree, children: tree.children.map(padded) }
    default:
      return { ...tree, child: padded(tree.child) }
  }
}

interface Tally {
  cases: number
  trees: number
  readonly wrong: string[]
}

/**
 * Decides a requirement for every combination of what its leaves may do. What a leaf that never runs might have done
 * makes no difference: one combination stands for all (that it does not run is compared).
 */
async function exhaust(tree: Tree, leaves: number, auth: ReturnType<typeof scriptedRegistry>, tally: Tally) {
  const requirement = build(tree, auth)
  tally.trees++
  const outcomes: Record<string, LeafOutcome> = { L1: 'success', L2: 'success', L3: 'success' }
  const places = names.slice(0, leaves).map(() => 0)
  const world = {
    outcomeOf: (name: string) => outcomes[name] ?? 'none',
    schemeOf: (name: string) => ({ scheme: name, realm: name }),
  }
  for (;;) {
    for (let i = 0; i < leaves; i++) outcomes[names[i] ?? ''] = leafOutcomes[places[i] ?? 0] ?? 'none'
    const script = { outcomes, ran: [] }
    const decided = requirement.decide(requestOf({ native: script }))
    const outcome = decided instanceof Promise ? await decided : decided
    const said = predict(tree, world)
    const wrong = difference(outcome, script.ran, said)
    tally.cases++
    if (wrong !== undefined && tally.wrong.length < 20) {
      tally.wrong.push(`${written(tree)} ${JSON.stringify(outcomes)}: ${wrong}`)
    }
    let place = leaves - 1
    while (place >= 0 && (places[place] === leafOutcomes.length - 1 || !said.ran.includes(names[place] ?? ''))) {
      places[place--] = 0
    }
    if (place < 0) return
    places[place] = (places[place] ?? 0) + 1
  }
}

function leavesOf(isAsync: readonly boolean[]): LeafSpec[] {
  return names.map((name, index) => ({ name, scheme: name, realm: name, isAsync: isAsync[index] === true }))
}

const ways = [
  { title: 'synchronous providers', isAsync: [false, false, false], largest: 3 },
  { title: 'a mix of synchronous and asynchronous providers', isAsync: [true, false, true], largest: 2 },
]

describe('the engine decides like the reference model', () => {
  for (const { title, isAsync, largest } of ways) {
    for (let leaves = 1; leaves <= largest; leaves++) {
      it(`for every requirement of ${leaves} leaves, three levels deep, of ${title}`, async () => {
        const auth = scriptedRegistry(leavesOf(isAsync))
        const tally: Tally = { cases: 0, trees: 0, wrong: [] }
        for (const tree of treesOf(leaves, 3)) {
          await exhaust(tree, leaves, auth, tally)
          if (leaves < 3) await exhaust(padded(tree), leaves, auth, tally)
        }
        console.info(`${tally.trees} requirements of ${leaves} leaves, ${tally.cases} decisions (${title})`)
        expect(tally.wrong).toEqual([])
      }, 120_000)
    }
  }

  it('allows map() and allow() around exactly the requirements that always yield a principal', () => {
    const auth = scriptedRegistry(leavesOf([]))
    for (const child of [...treesOf(1, 2), ...treesOf(2, 2), ...treesOf(3, 2)]) {
      const around = () => build({ type: 'allow', answer: true, child }, auth)
      if (alwaysYields(child)) expect(around, written(child)).not.toThrow()
      else expect(around, written(child)).toThrow(TypeError)
    }
  })
})
