import { DirectoryUnavailable, ServiceAccountRefused } from './errors.ts'
import type { Server } from './server.ts'

/** The servers in the order in which they are asked, and a short memory of those that failed. */
export class Servers {
  readonly #servers: readonly Server[]
  readonly #deadSeconds: number
  readonly #clock: () => number
  readonly #diedAt = new Map<Server, number>()

  constructor(servers: readonly Server[], deadSeconds: number, clock: () => number) {
    this.#servers = servers
    this.#deadSeconds = deadSeconds
    this.#clock = clock
  }

  /** Has a server asked last for a while. */
  markDead(server: Server): void {
    this.#diedAt.set(server, this.#clock())
  }

  /**
   * Opens something on the first server that lets it. Those that are remembered as dead are asked last, the one that died
   * first before the others.
   *
   * @throws AuthenticationError, as a rejection, when none does, or when it is not the server's fault.
   */
  async open<T>(open: (server: Server) => Promise<T>, signal: AbortSignal): Promise<T> {
    let last: unknown
    for (const server of this.#order()) {
      try {
        const opened = await open(server)
        this.#diedAt.delete(server)
        return opened
      } catch (error) {
        // To offer a wrong password to the next server counts twice.
        if (signal.aborted || error instanceof ServiceAccountRefused) throw error
        this.markDead(server)
        last = error
      }
    }
    throw this.#servers.length === 1 ? last : new DirectoryUnavailable('no server can be used', last)
  }

  #order(): readonly Server[] {
    const now = this.#clock()
    const died = (server: Server) => this.#diedAt.get(server) ?? Number.NEGATIVE_INFINITY
    const isDead = (server: Server) => now - died(server) < this.#deadSeconds
    const dead = this.#servers.filter(isDead).toSorted((one, other) => died(one) - died(other))
    return [...this.#servers.filter((server) => !isDead(server)), ...dead]
  }
}
