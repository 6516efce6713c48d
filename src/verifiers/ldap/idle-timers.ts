import type { Connection } from './connection.ts'

/** Closes connections that nobody uses. */
export class IdleTimers {
  readonly #milliseconds: number
  readonly #timers = new Map<Connection, ReturnType<typeof setTimeout>>()

  constructor(seconds: number) {
    this.#milliseconds = seconds * 1000
  }

  start(connection: Connection): void {
    this.stop(connection)
    if (!connection.isOpen) return
    const timer = setTimeout(() => {
      this.#timers.delete(connection)
      connection.close()
    }, this.#milliseconds)
    // A process that has nothing else to do need not wait for it.
    timer.unref()
    this.#timers.set(connection, timer)
  }

  stop(connection: Connection): void {
    clearTimeout(this.#timers.get(connection))
    this.#timers.delete(connection)
  }
}
