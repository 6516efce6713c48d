import { describe, expect, it } from 'vitest'
import { AuthenticationError } from '../core/cause.ts'
import { defaultConcurrency } from './machine.ts'
import { type WorkLimits, WorkQueue } from './work-queue.ts'

/** A queue whose work takes as long as the test says. */
function bench(concurrency: number, queueSeconds = 4) {
  let now = 1000
  const queue = new WorkQueue({ concurrency, queueSeconds, now: () => now })
  const open = new Map<string, () => void>()
  const started: string[] = []
  const settled: string[] = []
  return {
    queue,
    open,
    started,
    settled,
    wait: (seconds: number): void => {
      now += seconds
    },
    add: (name: string, limits?: WorkLimits): Promise<string> => {
      const promise = queue.run(() => {
        started.push(name)
        return new Promise<string>((resolve) => open.set(name, () => resolve(name)))
      }, limits)
      promise.then(
        () => settled.push(name),
        () => settled.push(`no ${name}`),
      )
      return promise
    },
    finish: async (name: string, seconds = 0): Promise<void> => {
      now += seconds
      open.get(name)?.()
      // Promises settle in a few turns of the microtask queue.
      for (let turn = 0; turn < 10; turn++) await undefined
    },
  }
}

async function errorOf(promise: Promise<unknown>): Promise<AuthenticationError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof AuthenticationError) return error
  throw new Error('it was expected to reject with an AuthenticationError')
}

/** Measures one piece of work of so many seconds. */
async function warm(seconds: number, concurrency: number, queueSeconds?: number) {
  const it = bench(concurrency, queueSeconds)
  void it.add('first')
  await it.finish('first', seconds)
  it.started.length = 0
  it.settled.length = 0
  return it
}

describe('WorkQueue', () => {
  it('runs as many as it may at a time, and the others in the order in which they came', async () => {
    const { add, finish, started, queue } = bench(2)
    for (const name of ['a', 'b', 'c', 'd', 'e']) void add(name)
    expect(started).toEqual(['a', 'b'])
    expect([queue.running, queue.waiting]).toEqual([2, 3])
    await finish('b', 0.01)
    expect(started).toEqual(['a', 'b', 'c'])
    await finish('a', 0.01)
    await finish('c', 0.01)
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e'])
    await finish('d', 0.01)
    await finish('e', 0.01)
    expect([queue.running, queue.waiting]).toEqual([0, 0])
  })

  it('hands on what the work answers and throws, and goes on afterwards', async () => {
    const queue = new WorkQueue({ concurrency: 1, queueSeconds: 4, now: () => 0 })
    const broken = queue.run(() => Promise.reject(new Error('broken')))
    const thrown = queue.run(() => {
      throw new Error('thrown')
    })
    await expect(broken).rejects.toThrow('broken')
    await expect(thrown).rejects.toThrow('thrown')
    expect(await queue.run(() => 7)).toBe(7)
    expect(queue.running).toBe(0)
  })

  it('turns away what would wait longer than queueSeconds, with the time to come back', async () => {
    const { add, queue } = await warm(1, 2)
    for (let index = 0; index < 10; index++) void add(`${index}`)
    expect([queue.running, queue.waiting]).toEqual([2, 8])
    const error = await errorOf(add('late'))
    expect(error).toMatchObject({ code: 'overloaded', retryable: true, retryAfterSeconds: 5 })
    expect(queue.waiting).toBe(8)
  })

  it('lets more wait when each takes less time', async () => {
    const { add, queue, finish, started } = await warm(0.05, 2)
    for (let index = 0; index < 500; index++) void add(`${index}`).catch(() => undefined)
    expect(queue.waiting).toBe(160)
    await finish('0', 0.05)
    expect(started).toContain('2')
  })

  it('stays bounded when the work takes no time at all', async () => {
    const { add, queue } = await warm(0, 1)
    for (let index = 0; index < 5000; index++) void add(`${index}`).catch(() => undefined)
    expect(queue.waiting).toBe(4000)
  })

  it('takes work when idle, however long the last piece took', async () => {
    const { add, started } = await warm(3600, 1)
    void add('a', { withinSeconds: 1 })
    expect(started).toEqual(['a'])
  })

  it('forgets a slow piece after some ordinary ones', async () => {
    const { queue, add, finish } = await warm(100, 1)
    for (let index = 0; index < 40; index++) {
      void add(`${index}`)
      await finish(`${index}`, 0.1)
    }
    expect(queue.averageSeconds).toBeLessThan(0.2)
  })

  it('turns away at once what cannot be done before its deadline', async () => {
    const { add, started } = await warm(1, 1)
    void add('a')
    void add('b', { withinSeconds: 2 })
    expect(await errorOf(add('c', { withinSeconds: 2.9 }))).toMatchObject({ code: 'overloaded' })
    void add('d', { withinSeconds: 3.1 })
    expect(await errorOf(add('e', { withinSeconds: 0 }))).toMatchObject({ code: 'overloaded' })
    expect(started).toEqual(['a'])
  })

  it('runs nothing whose deadline has passed, even when idle', async () => {
    const { add, started } = bench(1)
    expect(await errorOf(add('a', { withinSeconds: 0 }))).toMatchObject({ code: 'overloaded' })
    expect(await errorOf(add('b', { withinSeconds: -1 }))).toMatchObject({ code: 'overloaded' })
    expect(started).toEqual([])
  })

  it('lets those leave whose deadline moved out of reach, and starts the next', async () => {
    const { add, finish, started, settled, queue } = await warm(1, 1)
    void add('a')
    void add('hurried', { withinSeconds: 3 }).catch(() => undefined)
    void add('patient')
    void add('later', { withinSeconds: 4.5 }).catch(() => undefined)
    await finish('a', 3.5)
    expect(settled.toSorted()).toEqual(['a', 'no hurried', 'no later'])
    expect(started).toEqual(['a', 'patient'])
    expect(queue.waiting).toBe(0)
  })

  it('lets a waiting entry leave when its signal aborts, without running it', async () => {
    const { add, finish, started, queue } = bench(1)
    const controller = new AbortController()
    void add('a')
    const left = add('b', { signal: controller.signal })
    void add('c')
    controller.abort(new Error('the client went away'))
    const error = await errorOf(left)
    expect(error).toMatchObject({ code: 'aborted', retryable: true, cause: { message: 'the client went away' } })
    expect(queue.waiting).toBe(1)
    await finish('a')
    expect(started).toEqual(['a', 'c'])
  })

  it('answers at once when running work is aborted, and keeps its place until it is over', async () => {
    const { add, finish, started, queue } = bench(1)
    const controller = new AbortController()
    const left = add('a', { signal: controller.signal })
    void add('b')
    controller.abort()
    expect(await errorOf(left)).toMatchObject({ code: 'aborted' })
    expect(queue.running).toBe(1)
    expect(started).toEqual(['a'])
    await finish('a')
    expect(started).toEqual(['a', 'b'])
  })

  it('does not take what was aborted before', async () => {
    const { add, started } = bench(1)
    expect(await errorOf(add('a', { signal: AbortSignal.abort() }))).toMatchObject({ code: 'aborted' })
    expect(started).toEqual([])
  })

  it('leaves no listener behind on a signal that outlives the work', async () => {
    const { add, finish } = await warm(1, 1, 0.5)
    const { signal } = new AbortController()
    const listeners = new Set<unknown>()
    signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener)
    signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener)
    const done = add('a', { signal })
    expect(listeners.size).toBe(1)
    await errorOf(add('full', { signal }))
    await finish('a')
    await done
    expect(listeners.size).toBe(0)
  })

  it('starts 10,000 entries one after the other in the order in which they came', async () => {
    const queue = new WorkQueue({ concurrency: 3, queueSeconds: Number.MAX_SAFE_INTEGER, now: () => 0 })
    const order: number[] = []
    const all = Array.from({ length: 10_000 }, (_, index) => queue.run(async () => void order.push(index)))
    await Promise.all(all)
    expect(order).toEqual(Array.from({ length: 10_000 }, (_, index) => index))
  })
})

describe('defaultConcurrency()', () => {
  it.each([
    [1, undefined, 1],
    [2, undefined, 1],
    [4, undefined, 3],
    [64, undefined, 3],
    [64, '16', 15],
    [8, '16', 7],
    [8, '1', 1],
    [8, '0', 1],
    [8, 'many', 3],
    [8, '-5', 3],
  ])('for %s cores and UV_THREADPOOL_SIZE %s is %s', (cores, size, concurrency) => {
    expect(defaultConcurrency(cores, size)).toBe(concurrency)
  })
})
