import type { AuthenticationError } from '../../core/cause.ts'
import type { Connection } from './connection.ts'
import type { Directory, DirectoryEntry, DirectorySearch } from './directory.ts'
import { aborted, ConnectionLost, closed, DirectoryTimedOut, ServiceAccountRefused } from './errors.ts'
import { IdleTimers } from './idle-timers.ts'

/** How a pool makes connections, and how long it keeps them. */
export interface PoolSettings {
  /** How many connections at most. */
  readonly size: number
  readonly idleSeconds: number
  /** How long one operation may take, in seconds. */
  readonly timeoutSeconds: number
  readonly clock: () => number
  /** Opens a connection that is ready to be used. */
  open(signal: AbortSignal): Promise<Connection>
  /** Told of a connection whose server did not answer in time. */
  onTimeout(connection: Connection): void
}

/** How many searches go on on one connection before there is another. */
const BUSY = 16

/**
 * Connections that search with the service's rights, many searches at a time.
 *
 * Who opens one is the pool, not the login that needed it first: a client that goes away takes nothing from others.
 */
export class ServicePool implements Directory {
  readonly #settings: PoolSettings
  readonly #refusedSeconds: number
  readonly #connections = new Set<Connection>()
  readonly #closing = new AbortController()
  readonly #idle: IdleTimers
  #opening: Promise<Connection> | undefined
  #refusal: { readonly error: AuthenticationError; readonly until: number } | undefined

  /** @param refusedSeconds how long a service account that was refused is not tried, lest trying lock it. */
  constructor(settings: PoolSettings, refusedSeconds: number) {
    this.#settings = settings
    this.#refusedSeconds = refusedSeconds
    this.#idle = new IdleTimers(settings.idleSeconds)
  }

  async search(search: DirectorySearch, signal: AbortSignal): Promise<readonly DirectoryEntry[]> {
    for (let attempts = this.#settings.size; ; attempts--) {
      const pooled = attempts > 0 ? this.#leastLoaded() : undefined
      try {
        return await this.#searchOn(pooled ?? (await this.#opened(signal)), search, signal)
      } catch (error) {
        // The server may have closed it while nobody used it.
        if (pooled === undefined || !(error instanceof ConnectionLost) || signal.aborted) throw error
      }
    }
  }

  close(): void {
    this.#closing.abort(closed())
    for (const connection of this.#connections) connection.close()
  }

  async #searchOn(
    connection: Connection,
    search: DirectorySearch,
    signal: AbortSignal,
  ): Promise<readonly DirectoryEntry[]> {
    this.#idle.stop(connection)
    try {
      return await connection.search(search, { seconds: this.#settings.timeoutSeconds, signal })
    } catch (error) {
      if (error instanceof DirectoryTimedOut) this.#settings.onTimeout(connection)
      throw error
    } finally {
      if (connection.load === 0) this.#idle.start(connection)
    }
  }

  /** A connection to search on at once; `undefined` when one must be opened first. */
  #leastLoaded(): Connection | undefined {
    let least: Connection | undefined
    for (const connection of this.#connections) {
      if (least === undefined || connection.load < least.load) least = connection
    }
    if (least !== undefined && least.load >= BUSY && this.#connections.size < this.#settings.size) {
      // This search does not wait for it.
      this.#open().catch(() => {})
    }
    return least
  }

  /** Waits for a new connection, as long as the caller does. */
  async #opened(signal: AbortSignal): Promise<Connection> {
    const opening = this.#open()
    if (signal.aborted) throw aborted(signal)
    let onAbort = () => {}
    const gone = new Promise<never>((_, reject) => {
      onAbort = () => reject(aborted(signal))
    })
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([opening, gone])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Opens one connection at a time, for all who wait for one. */
  #open(): Promise<Connection> {
    this.#opening ??= this.#openOne().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #openOne(): Promise<Connection> {
    const { signal } = this.#closing
    if (signal.aborted) throw closed()
    const { clock, open } = this.#settings
    if (this.#refusal !== undefined && clock() < this.#refusal.until) throw this.#refusal.error
    try {
      const connection = await open(signal)
      this.#refusal = undefined
      this.#connections.add(connection)
      connection.onEnd(() => this.#connections.delete(connection))
      if (!connection.isOpen) this.#connections.delete(connection)
      this.#idle.start(connection)
      return connection
    } catch (error) {
      if (error instanceof ServiceAccountRefused) this.#refusal = { error, until: clock() + this.#refusedSeconds }
      throw error
    }
  }
}
