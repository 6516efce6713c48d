import type { BindAnswer } from './answer.ts'
import type { Connection } from './connection.ts'
import { aborted, ConnectionLost, closed, DirectoryTimedOut, overloaded } from './errors.ts'
import { IdleTimers } from './idle-timers.ts'
import type { PoolSettings } from './service-pool.ts'

/** Somebody who waits for a connection. */
interface Waiter {
  /** Gives a connection, or leave to open one. */
  readonly go: (connection: Connection | undefined) => void
  readonly refuse: (error: Error) => void
}

/** Connections on which users bind, one at a time, and on which nothing else is ever done. */
export class BindPool {
  readonly #settings: PoolSettings
  readonly #idle: Connection[] = []
  readonly #timers: IdleTimers
  readonly #waiters = new Set<Waiter>()
  readonly #busy = new Set<Connection>()
  /** Connections that are open or being opened. */
  #count = 0
  #isClosed = false

  /** A `size` of 0 opens one for each bind, and any number of them. */
  constructor(settings: PoolSettings) {
    this.#settings = settings
    this.#timers = new IdleTimers(settings.idleSeconds)
  }

  /**
   * Binds once. Only when a connection that was used before turns out to be dead, which no answer has shown, it is done
   * again on a new one.
   *
   * @throws AuthenticationError, as a rejection.
   */
  async bind(name: string, password: string, signal: AbortSignal): Promise<BindAnswer> {
    const pooled = await this.#take(signal)
    if (pooled !== undefined) {
      try {
        return await this.#bindOn(pooled, name, password, signal)
      } catch (error) {
        if (!(error instanceof ConnectionLost) || signal.aborted || this.#isClosed) throw error
      }
      // Its place may be taken again, and then there is one too many for the time of one bind.
      this.#count += 1
    }
    return this.#bindOn(await this.#open(signal), name, password, signal)
  }

  close(): void {
    this.#isClosed = true
    for (const waiter of this.#waiters) waiter.refuse(closed())
    this.#waiters.clear()
    for (const connection of [...this.#idle, ...this.#busy]) connection.close()
  }

  async #bindOn(connection: Connection, name: string, password: string, signal: AbortSignal): Promise<BindAnswer> {
    this.#busy.add(connection)
    try {
      return await connection.bind(name, password, { seconds: this.#settings.timeoutSeconds, signal })
    } catch (error) {
      if (error instanceof DirectoryTimedOut) this.#settings.onTimeout(connection)
      connection.destroy()
      throw error
    } finally {
      this.#busy.delete(connection)
      this.#giveBack(connection)
    }
  }

  /** A connection that was used before; `undefined`: one may be opened, and is counted already. */
  async #take(signal: AbortSignal): Promise<Connection | undefined> {
    if (this.#isClosed) throw closed()
    if (signal.aborted) throw aborted(signal)
    const connection = this.#idle.pop()
    if (connection !== undefined) {
      this.#timers.stop(connection)
      return connection
    }
    if (this.#settings.size === 0 || this.#count < this.#settings.size) {
      this.#count += 1
      return undefined
    }
    return this.#wait(signal)
  }

  #wait(signal: AbortSignal): Promise<Connection | undefined> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        go: (connection) => {
          finish()
          resolve(connection)
        },
        refuse: (error) => {
          finish()
          reject(error)
        },
      }
      const timer = setTimeout(() => waiter.refuse(overloaded()), this.#settings.timeoutSeconds * 1000)
      const onAbort = () => waiter.refuse(aborted(signal))
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    try {
      const connection = await this.#settings.open(signal)
      connection.onEnd(() => this.#drop(connection))
      return connection
    } catch (error) {
      this.#free()
      throw error
    }
  }

  #giveBack(connection: Connection): void {
    const isKept = !this.#isClosed && this.#settings.size > 0
    if (!isKept) connection.close()
    const [waiter] = this.#waiters
    if (!connection.isOpen) this.#free()
    else if (waiter !== undefined) waiter.go(connection)
    else {
      this.#idle.push(connection)
      this.#timers.start(connection)
    }
  }

  /** Forgets an idle connection that has ended. Of a busy one its user gets to know. */
  #drop(connection: Connection): void {
    const index = this.#idle.indexOf(connection)
    if (index === -1) return
    this.#idle.splice(index, 1)
    this.#timers.stop(connection)
    this.#free()
  }

  /** One connection less: the next in line may open one. */
  #free(): void {
    this.#count -= 1
    const [waiter] = this.#waiters
    if (waiter === undefined) return
    this.#count += 1
    waiter.go(undefined)
  }
}
