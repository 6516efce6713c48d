import type { SessionRequest } from '../../../sessions/types.ts'

/** Work that goes on for all who wait for it, once for each name at a time. */
export class Flights<T> {
  readonly #underWay = new Map<string, Promise<T>>()

  get(name: string): Promise<T> | undefined {
    return this.#underWay.get(name)
  }

  begin(name: string, work: () => Promise<T>): Promise<T> {
    const flight = work().finally(() => this.#underWay.delete(name))
    // Whoever waits for it may go away.
    flight.catch(() => {})
    this.#underWay.set(name, flight)
    return flight
  }
}

/** A request as far as its session goes, for work that outlives it. */
export function ownRequest(request: SessionRequest): SessionRequest {
  return {
    native: request.native,
    signal: new AbortController().signal,
    header: (name) => request.header(name),
    respond: (fields) => {
      // Nobody waits for the answer any more, or it is on its way.
      if (!request.signal.aborted) request.respond?.(fields)
    },
  }
}
