import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type PgConnection, type PgPool, queryOf } from './client.ts'

const statement = { name: 'name', text: 'select 1' }

/** A pool of one connection, which answers when told so. */
class FakePool implements PgPool {
  readonly totalCount = 1
  readonly sent: unknown[] = []
  readonly released: (boolean | undefined)[] = []
  readonly listeners = new Set<(error: Error) => void>()
  connecting: Promise<void> = Promise.resolve()
  answers: (() => Promise<{ rows: unknown[] }>)[] = []

  async connect(): Promise<PgConnection> {
    await this.connecting
    return {
      query: (sent) => {
        this.sent.push(sent)
        return this.answers.shift()?.() ?? Promise.resolve({ rows: [{ n: 1 }] })
      },
      on: (_, listener) => this.listeners.add(listener),
      removeListener: (_, listener) => this.listeners.delete(listener),
      release: (destroy) => this.released.push(destroy),
    }
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function failure(code?: string): Error {
  return Object.assign(new Error('it failed'), code === undefined ? {} : { code })
}

describe('queryOf() with a pool', () => {
  let pool: FakePool
  beforeEach(() => {
    vi.useFakeTimers()
    pool = new FakePool()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('sends a prepared statement and gives the connection back', async () => {
    const { signal } = new AbortController()
    expect(await queryOf(pool, 'f').run(statement, ['a'], signal)).toEqual([{ n: 1 }])
    expect(pool.sent).toEqual([{ ...statement, values: ['a'] }])
    expect(pool.released).toEqual([false])
    expect(pool.listeners.size).toBe(0)
  })

  it('names no statement when told not to prepare', async () => {
    await queryOf(pool, 'f', false).run(statement, ['a'], new AbortController().signal)
    expect(pool.sent).toEqual([{ text: statement.text, values: ['a'] }])
  })

  it('does not even connect for somebody who has gone', async () => {
    const connect = vi.spyOn(pool, 'connect')
    await expect(queryOf(pool, 'f').run(statement, [], AbortSignal.abort())).rejects.toThrow('did not answer')
    expect(connect).not.toHaveBeenCalled()
  })

  it('sends nothing when the wait for a connection took too long', async () => {
    const controller = new AbortController()
    const { promise, resolve } = deferred<void>()
    pool.connecting = promise
    const running = queryOf(pool, 'f').run(statement, [], controller.signal)
    controller.abort(new Error('too late'))
    await expect(running).rejects.toMatchObject({ cause: new Error('too late') })
    resolve()
    await vi.waitFor(() => expect(pool.released).toHaveLength(1))
    expect(pool.sent).toEqual([])
  })

  it('closes a connection that has not answered five seconds after nobody waits any more', async () => {
    const controller = new AbortController()
    pool.answers = [() => new Promise(() => {})]
    const running = queryOf(pool, 'f').run(statement, [], controller.signal)
    await vi.waitFor(() => expect(pool.sent).toHaveLength(1))
    controller.abort()
    await expect(running).rejects.toThrow('did not answer')
    await vi.advanceTimersByTimeAsync(4999)
    expect(pool.released).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(pool.released).toEqual([true])
  })

  it('keeps a connection that answers within them', async () => {
    const controller = new AbortController()
    const { promise, resolve } = deferred<{ rows: unknown[] }>()
    pool.answers = [() => promise]
    const running = queryOf(pool, 'f').run(statement, [], controller.signal)
    await vi.waitFor(() => expect(pool.sent).toHaveLength(1))
    controller.abort()
    await expect(running).rejects.toThrow('did not answer')
    resolve({ rows: [] })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(pool.released).toEqual([false])
    expect(pool.listeners.size).toBe(0)
  })

  it.each([
    [undefined, true],
    ['ECONNRESET', true],
    ['57P01', true],
    ['08006', true],
    ['23505', false],
    ['53100', false],
  ])('fails on %s, and closes the connection: %s', async (code, closed) => {
    const error = failure(code)
    pool.answers = [() => Promise.reject(error)]
    await expect(queryOf(pool, 'f').run(statement, [], new AbortController().signal)).rejects.toBe(error)
    expect(pool.released).toEqual([closed])
    expect(pool.sent).toHaveLength(1)
  })

  it.each(['40P01', '40001'])('sends again what the server has undone with %s, up to five times', async (code) => {
    const undone = () => Promise.reject(failure(code))
    pool.answers = [undone, undone, undone, undone]
    expect(await queryOf(pool, 'f').run(statement, [], new AbortController().signal)).toEqual([{ n: 1 }])
    pool.answers = [undone, undone, undone, undone, undone]
    await expect(queryOf(pool, 'f').run(statement, [], new AbortController().signal)).rejects.toMatchObject({ code })
    expect(pool.sent).toHaveLength(10)
  })

  it('lets a broken connection end nothing but its own query', async () => {
    pool.answers = [
      async () => {
        for (const listener of pool.listeners) listener(failure())
        expect(pool.listeners.size).toBe(1)
        throw failure()
      },
    ]
    await expect(queryOf(pool, 'f').run(statement, [], new AbortController().signal)).rejects.toThrow('it failed')
  })
})
