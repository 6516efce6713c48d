import { afterEach, expect, it, vi } from 'vitest'
import { isCause } from '../../src/core/cause.ts'
import { jwks } from '../../src/keys/index.ts'
import { edKey, jwksUrl, nonsense, ScriptedIssuer, wanting } from './scripted-issuer.ts'

const PER_SECOND = 200

afterEach(() => {
  vi.useRealTimers()
})

/** Answers what a token gets that names this key. */
type Ask = (kid: string) => Promise<string>

async function drill(): Promise<{ ask: Ask; issuer: ScriptedIssuer; pass: (seconds: number) => Promise<void> }> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const issuer = new ScriptedIssuer(edKey('old'))
  const keys = jwks(jwksUrl, { fetch: issuer.fetch, clock: issuer.clock })
  const ask: Ask = async (kid) => {
    const found = await keys.find(wanting(kid), new AbortController().signal)
    if (!isCause(found)) return 'verifies'
    return found.kind === 'Error' && found.retryable ? '503' : '401'
  }
  const pass = async (seconds: number) => {
    issuer.time += seconds
    await vi.advanceTimersByTimeAsync(seconds * 1000)
  }
  return { ask, issuer, pass }
}

it('an outage of every kind, under 200 requests a second, refuses nobody with a known key and lets nobody else in', async () => {
  const { ask, issuer, pass } = await drill()
  expect(await ask('old')).toBe('verifies')
  const next = edKey('new')
  const phases: [name: string, seconds: number, begin: () => void, expected: Record<string, string[]>][] = [
    ['well', 700, () => {}, { old: ['verifies'], new: ['401'], 'made-up': ['401'] }],
    ['dead', 700, () => issuer.die(), { old: ['verifies'], new: ['401', '503'], 'made-up': ['401', '503'] }],
    ['hanging', 120, () => issuer.hang(), { old: ['verifies'], new: ['503'], 'made-up': ['503'] }],
    ...Object.entries(nonsense).map(([name, answer]): (typeof phases)[number] => [
      name,
      40,
      () => {
        issuer.answer = answer
      },
      { old: ['verifies'], new: ['503'], 'made-up': ['503'], evil: ['503'] },
    ]),
    ['back, rotated', 60, () => issuer.publish(next), { new: ['503', 'verifies'], 'made-up': ['503', '401'] }],
    ['well again', 60, () => {}, { new: ['verifies'], old: ['401'], 'made-up': ['401'], evil: ['401'] }],
  ]
  const report: string[] = []
  for (const [name, seconds, begin, expected] of phases) {
    const before = issuer.fetches
    const answers = new Map<string, Set<string>>()
    begin()
    const waiting: Promise<void>[] = []
    const kids = Object.keys(expected)
    for (let second = 0; second < seconds; second++) {
      for (let request = 0; request < PER_SECOND; request++) {
        const kid = kids[request % kids.length] ?? ''
        waiting.push(
          ask(kid).then((answer) => {
            answers.set(kid, (answers.get(kid) ?? new Set()).add(answer))
          }),
        )
      }
      await pass(1)
    }
    await pass(5)
    await Promise.all(waiting)
    for (const [kid, allowed] of Object.entries(expected)) {
      const seen = [...(answers.get(kid) ?? [])]
      expect(seen.at(-1), `${kid}, at the end of: ${name}`).toBe(allowed.at(-1))
      for (const answer of seen) expect(allowed, `${kid}, ${name}`).toContain(answer)
    }
    const fetches = issuer.fetches - before
    report.push(`${name}: ${seconds * PER_SECOND} requests, ${fetches} fetches`)
    expect(fetches, name).toBeLessThanOrEqual(Math.ceil(seconds / 30) + 5)
  }
  console.log(report.join('\n'))
})

it('a rotating set is fetched a few times for 10,000 requests', async () => {
  const { ask, issuer, pass } = await drill()
  let [current, coming] = [edKey('0'), edKey('1')]
  issuer.publish(current, coming)
  for (let request = 0; request < 10_000; request++) {
    if (request % 1000 === 999) {
      ;[current, coming] = [coming, edKey(String((request + 1) / 1000 + 1))]
      issuer.publish(current, coming)
    }
    expect(await ask(String(current.kid))).toBe('verifies')
    await pass(0.1)
  }
  console.log(`10,000 requests in 1,000 s, 10 rotations: ${issuer.fetches} fetches`)
  expect(issuer.fetches).toBeLessThanOrEqual(13)
})
