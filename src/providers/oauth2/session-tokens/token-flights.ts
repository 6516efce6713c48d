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

/** Waits for no longer than a signal allows, and lets what it waits for go on. */
export async function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let end: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    end = () => reject(signal.reason)
    signal.addEventListener('abort', end, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (end !== undefined) signal.removeEventListener('abort', end)
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
