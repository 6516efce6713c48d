import { once } from 'node:events'
import { createServer } from 'node:http'
import { authentication } from 'becauth'
import { type JwtClaims, jwt } from 'becauth/jwt'
import { type FetchedKeySource, jwks } from 'becauth/keys'
import { protect } from 'becauth/node'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../servers/process.ts'
import { issuerKey, setOf, UnrulyIssuer } from './unruly-issuer.ts'

const ISSUER = 'https://id.example'
const START = 1_800_000_000
const PER_SECOND = 200
/** Ten at a time, so that a second has twenty turns. */
const BURST = 10
const TURN_MILLISECONDS = (1000 * BURST) / PER_SECOND
/** The clock of the service is moved by the requests, not by the time that a busy machine takes for them. */
const SECONDS_PER_REQUEST = 0.3
const FASTER = 1.5
const STALE_SECONDS = 1200

/** What the service said to one token, and what its clock said when the request was sent and answered. */
interface Answer {
  readonly status: number
  readonly sentAt: number
  readonly answeredAt: number
}

type Who = 'old' | 'new' | 'made-up' | 'forged' | 'evil'

interface Drill {
  readonly issuer: UnrulyIssuer
  readonly keys: FetchedKeySource
  now(): number
  /** Sends requests for some seconds, by turns for all of these, and answers what became of them. */
  load(seconds: number, whose: readonly Who[], secondsPerRequest?: number): Promise<ReadonlyMap<Who, readonly Answer[]>>
}

const [oldKey, newKey, evil] = [issuerKey('old'), issuerKey('new'), issuerKey('evil')]
/** Tokens that say that they are by the known keys, and are by another. */
const [likeOld, likeNew] = [issuerKey('old'), issuerKey('new')]

async function drill(): Promise<Drill> {
  const issuer = await UnrulyIssuer.start()
  let clock = START
  const now = (): number => clock
  const keys = jwks(issuer.url, { clock: now, timeoutSeconds: 0.3, staleIfErrorSeconds: STALE_SECONDS })
  const auth = authentication(
    { api: jwt<JwtClaims>({ issuer: ISSUER, audience: 'orders', keys, algorithms: ['EdDSA'] }) },
    { clock: now },
  )
  const server = createServer(protect(auth.require('api'), (_request, response) => response.end()))
  const port = await freePort()
  await once(server.listen(port, '127.0.0.1'), 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await issuer.stop()
  })
  let made = 0
  const claims = (jti: string): object => ({
    ...{ iss: ISSUER, aud: 'orders', sub: 'ada', client_id: 'shop', jti },
    ...{ iat: START - 1, exp: START + 100_000 },
  })
  const remembered = { old: oldKey.sign(claims('0')), new: newKey.sign(claims('0')) }
  const tokenOf = (who: Who): string => {
    const jti = String(++made)
    // Every other one is a token that was seen before, so that the memory of tokens takes part.
    if (who === 'old' || who === 'new') return made % 2 === 0 ? remembered[who] : keyOf[who].sign(claims(jti))
    if (who === 'forged') return (made % 2 === 0 ? likeOld : likeNew).sign(claims(jti))
    return (who === 'evil' ? evil : issuerKey(`made-up-${jti}`)).sign(claims(jti))
  }
  const keyOf = { old: oldKey, new: newKey }
  const ask = async (who: Who): Promise<Answer> => {
    const sentAt = clock
    const headers = { Authorization: `Bearer ${tokenOf(who)}` }
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers, signal: AbortSignal.timeout(10_000) })
    await response.arrayBuffer()
    const [retryAfter, challenge] = ['retry-after', 'www-authenticate'].map((name) => response.headers.get(name))
    // An outage is nobody's fault who asks: when to come again is said, and no challenge sends anybody for a new token.
    if (response.status === 503) expect([Number(retryAfter) > 0, challenge]).toEqual([true, null])
    return { status: response.status, sentAt, answeredAt: clock }
  }
  const load: Drill['load'] = async (seconds, whose, secondsPerRequest = SECONDS_PER_REQUEST) => {
    const answers = new Map<Who, Answer[]>(whose.map((who) => [who, []]))
    const waiting: Promise<unknown>[] = []
    for (let turn = 0; turn < (seconds * PER_SECOND) / BURST; turn++) {
      const next = new Promise((resolve) => setTimeout(resolve, TURN_MILLISECONDS))
      for (let request = 0; request < BURST; request++) {
        clock += secondsPerRequest
        const who = whose[request % whose.length] ?? 'old'
        waiting.push(ask(who).then((answer) => answers.get(who)?.push(answer)))
      }
      await next
    }
    await Promise.all(waiting)
    return answers
  }
  return { issuer, keys, now, load }
}

const statusesOf = (answers: readonly Answer[] | undefined): readonly number[] =>
  [...new Set(answers?.map(({ status }) => status))].sort()

it('an issuer that fails in every way, under 200 requests a second over HTTP, costs nobody with a known key anything', async () => {
  const { issuer, keys, now, load } = await drill()
  const report: string[] = []
  /** Runs a phase; its fetches must be few: one in a cooldown of 30 s, and the tries after a failure. */
  const phase = async (name: string, ...given: Parameters<Drill['load']>): ReturnType<Drill['load']> => {
    const [fetchesBefore, began] = [keys.status().fetches, now()]
    const answers = await load(...given)
    const [fetches, passed] = [keys.status().fetches - fetchesBefore, now() - began]
    const requests = [...answers.values()].flat().length
    report.push(`${name}: ${requests} requests in ${Math.round(passed)} s of the clock, ${fetches} fetches`)
    expect(fetches, name).toBeLessThanOrEqual(Math.ceil(passed / 30) + 6)
    return answers
  }
  const everybody = ['old', 'new', 'made-up', 'forged', 'evil'] as const

  issuer.publish(oldKey)
  const well = await phase('well', 2, everybody)
  expect(statusesOf(well.get('old'))).toEqual([200])
  for (const who of ['new', 'made-up', 'forged', 'evil'] as const) expect(statusesOf(well.get(who))).toEqual([401])

  const withEvil = setOf([oldKey, evil])
  const outages: readonly (readonly [name: string, begin: () => unknown, end?: () => unknown])[] = [
    ['dead', () => issuer.die(), () => issuer.revive()],
    ['hanging', () => issuer.hang()],
    [
      'garbage',
      () =>
        issuer.say(
          200,
          'application/json',
          Uint8Array.from({ length: 500 }, (_, index) => index),
        ),
    ],
    ['a set cut short', () => issuer.say(200, 'application/json', withEvil.slice(0, -1))],
    ['HTML with 200', () => issuer.say(200, 'text/html', '<!doctype html><title>Sign in</title>')],
    ['500 with a set of keys', () => issuer.say(500, 'application/json', withEvil)],
    ['50 MB', () => issuer.flood(50_000_000)],
    ['500 while keys are rotated', () => issuer.say(500, 'application/json', setOf([newKey]))],
  ]
  const lastGood = keys.status().fetchedAt ?? 0
  for (const [name, begin, end] of outages) {
    await begin()
    const answers = await phase(name, 2, everybody)
    await end?.()
    expect(statusesOf(answers.get('old')), name).toEqual([200])
    for (const who of ['new', 'made-up', 'evil'] as const) {
      const said = answers.get(who) ?? []
      // Until the first fetch fails, the one before has said that there is no such key.
      expect([[503], [401, 503]], `${who}, ${name}`).toContainEqual(statusesOf(said))
      expect(said.at(-1)?.status, `${who} at last, ${name}`).toBe(503)
    }
    // Half of the forgeries name a key that nobody knows yet.
    expect(statusesOf(answers.get('forged')).includes(200), name).toBe(false)
  }
  expect(keys.status().fetchedAt, 'no answer of an outage was taken for keys').toBe(lastGood)
  expect(now()).toBeLessThan(lastGood + STALE_SECONDS)

  issuer.publish(newKey)
  const back = await phase('back, with the keys rotated', 2, everybody)
  expect(back.get('new')?.at(-1)?.status).toBe(200)
  for (const who of ['old', 'made-up', 'forged', 'evil'] as const) expect(back.get(who)?.at(-1)?.status).toBe(401)
  for (const who of ['made-up', 'forged', 'evil'] as const) expect(statusesOf(back.get(who))).not.toContain(200)

  await issuer.die()
  expect(statusesOf((await phase('dead again', 1, ['new', 'made-up'])).get('new'))).toEqual([200])
  const limit = (keys.status().fetchedAt ?? 0) + STALE_SECONDS
  const seconds = (limit - now()) / (PER_SECOND * FASTER) + 1
  const dark = await phase('dead beyond the stale limit', seconds, ['new', 'new', 'made-up', 'new', 'forged'], FASTER)
  const known = dark.get('new') ?? []
  expect(statusesOf(known.filter(({ answeredAt }) => answeredAt < limit))).toEqual([200])
  expect(known.filter(({ sentAt }) => sentAt >= limit).length).toBeGreaterThan(50)
  expect(statusesOf(known.filter(({ sentAt }) => sentAt >= limit))).toEqual([503])
  expect(statusesOf(dark.get('made-up'))).toEqual([503])
  expect(statusesOf(dark.get('forged'))).not.toContain(200)

  await issuer.revive()
  const after = await phase('well again', 2, everybody)
  expect(after.get('new')?.at(-1)?.status).toBe(200)
  for (const who of ['old', 'made-up', 'forged', 'evil'] as const) expect(after.get(who)?.at(-1)?.status).toBe(401)
  console.log(`${report.join('\n')}\n${keys.status().fetches} fetches in all, ${issuer.asked} of them answered`)
}, 90_000)
