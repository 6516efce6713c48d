import { setImmediate as macrotask } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/core/session-store.ts'
import { type NodeRedisConnection, redisSessionStore } from '../../src/stores/redis/index.ts'
import { Kit } from '../../src/testing/session-store/kit.ts'
import { Case, comparable, type Operation, oneAfterAnother, operations } from './one-session.ts'
import { privateRedis, redisServer } from './redis-kit.ts'

/** How often the other process goes on. Five times found nothing else, and take minutes. */
const TURNS = 3

type Work<T> = (store: SessionStore) => Promise<T>

function open(client: NodeRedisConnection, prefix: string): SessionStore {
  return redisSessionStore({ client, prefix, onWarning: () => {} })
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0)
}

/** A process that does some work, and whose commands wait until they are let go, one at a time. */
class Held<T> {
  readonly answer: Promise<T>
  readonly #waiting: (() => Promise<unknown>)[] = []
  #isDone = false

  constructor(client: NodeRedisConnection, prefix: string, work: Work<T>) {
    const sendCommand = (args: string[]): Promise<unknown> => {
      if (args[0] === 'CONFIG') return client.sendCommand(args)
      return new Promise((resolve, reject) => {
        this.#waiting.push(() => client.sendCommand(args).then(resolve, reject))
      })
    }
    this.answer = work(open({ isReady: true, sendCommand }, prefix)).finally(() => {
      this.#isDone = true
    })
  }

  /** Whether something waits, as soon as that is known. */
  async waits(): Promise<boolean> {
    while (!this.#isDone && this.#waiting.length === 0) await macrotask()
    return this.#waiting.length > 0
  }

  async step(): Promise<void> {
    await this.#waiting.shift()?.()
  }
}

describe.skipIf(redisServer === undefined)('redisSessionStore() when two processes write at once', () => {
  const redis = privateRedis()
  let opened = 0

  /** Does each work in a process of its own. The choices say where the other one goes on: 1, or not: 0. */
  async function run<T>(prefix: string, works: readonly Work<T>[], choices: readonly number[]) {
    const processes = works.map((work) => new Held(redis.client, prefix, work))
    const taken: number[] = []
    let turn = 0
    for (;;) {
      const able: Held<T>[] = []
      for (const process of processes) if (await process.waits()) able.push(process)
      if (able.length === 0) return { taken, answers: await Promise.all(processes.map(({ answer }) => answer)) }
      if (able.length > 1) {
        const choice = choices[taken.length] ?? 0
        taken.push(choice)
        turn = (turn + choice) % 2
      }
      await able[able.length > 1 ? turn : 0]?.step()
    }
  }

  /** Lets two works take their steps in every order of so many turns, each time from the beginning. */
  async function inEveryOrder(
    each: (choices: readonly number[], prefix: string) => Promise<readonly number[]>,
    turns = TURNS,
  ) {
    for (let choices: readonly number[] | undefined = []; choices !== undefined; ) {
      const taken = await each(choices, `steps-${opened++}`)
      const last = taken.findLastIndex((choice, at) => choice === 0 && sum(taken.slice(0, at)) < turns)
      choices = last < 0 ? undefined : [...taken.slice(0, last), 1]
    }
  }

  /** Answers what came out of two calls in two processes that comes out of no order of whole calls. */
  async function wrong(names: readonly [Operation, Operation], age: number): Promise<readonly string[]> {
    const found = new Set<string>()
    await inEveryOrder(async (choices, prefix) => {
      const [at, after] = [new Case(), open(redis.client, prefix)]
      await at.create(after)
      at.kit.pass(age)
      const works = names.map((name) => async (store: SessionStore) => [name, await at.run(store, name)] as const)
      const { taken, answers } = await run(prefix, works, choices)
      const isCounted = await counts(at, after)
      const seen = await at.seen(after)
      const actual = comparable(answers, seen)
      const allowed = await oneAfterAnother(at, names)
      if (!allowed.includes(actual)) found.add([names.join(' | '), actual, ...allowed].join('\n  '))
      if (isCounted !== seen.listed.length > 0) found.add(`${names.join(' | ')}: counted without being there, or not`)
      return taken
    })
    return [...found]
  }

  /** Whether the session takes the only place there is. */
  async function counts({ kit, owner }: Case, store: SessionStore): Promise<boolean> {
    const [key, other] = [kit.key(), kit.owner(owner.subject, { limit: 1 })]
    if ((await store.create(key, kit.record(), other, kit)) === 'limit') return true
    await store.delete(key, kit.start, kit)
    return false
  }

  it.each([0, 100])(
    'answers any two writes as if one had come after the other (a session of %i seconds)',
    async (age) => {
      const found: string[] = []
      for (const [index, first] of operations.entries()) {
        for (const second of operations.slice(index)) found.push(...(await wrong([first, second], age)))
      }
      expect(found).toEqual([])
    },
    100_000,
  )

  it.each(['read', 'list'] as const)(
    'answers any write and a %s as if one had come after the other',
    async (reading) => {
      const found: string[] = []
      for (const name of operations) for (const age of [0, 100]) found.push(...(await wrong([name, reading], age)))
      expect(found).toEqual([])
    },
    100_000,
  )

  it.each(['refuse', 'oldest'] as const)(
    'keeps the limit when two log in at once (%s)',
    async (onExceed) => {
      for (const before of [0, 1]) {
        const found = new Set<string>()
        await inEveryOrder(async (choices, prefix) => {
          const [kit, after] = [new Kit(), open(redis.client, prefix)]
          const subject = kit.subject()
          const keys = [kit.key(), kit.key(), kit.key()]
          const owner = () => kit.owner(subject, { limit: 1, onExceed })
          if (before > 0) await after.create(keys[2] ?? '', kit.record(), owner(), kit)
          kit.pass(100)
          const works = [0, 1].map(
            (index) => async (store: SessionStore) => store.create(keys[index] ?? '', kit.record(), owner(), kit),
          )
          const { taken, answers } = await run(prefix, works, choices)
          const readings = await Promise.all(keys.map((key) => after.read(key, kit)))
          const live = readings.filter((reading) => typeof reading === 'object').length
          const listed = (await after.listBySubject(subject, kit)).length
          found.add(`${[...answers].sort().join(', ')}: ${live} read, ${listed} listed`)
          return taken
        })
        const answers = onExceed === 'oldest' ? 'created, created' : before > 0 ? 'limit, limit' : 'created, limit'
        expect([...found]).toEqual([`${answers}: 1 read, 1 listed`])
      }
    },
    100_000,
  )
})
