import type { RedisConnection } from './client.ts'

/** Runs scripts on the server that has their key. Servers keep a script once they have seen it. */
export class Scripts {
  readonly #connection: RedisConnection
  readonly #mustBeUp: () => void
  readonly #hashes = new Map<string, string>()

  /** `mustBeUp` throws while the connection is down. */
  constructor(connection: RedisConnection, mustBeUp: () => void) {
    this.#connection = connection
    this.#mustBeUp = mustBeUp
  }

  /** Runs a script on its one key, which it must touch alone. */
  async run(script: string, key: string, args: readonly string[]): Promise<unknown> {
    const hash = this.#hashes.get(script) ?? (await this.#hash(script))
    // Calls take several steps, and the connection may be lost between two of them.
    this.#mustBeUp()
    try {
      return await this.#connection.send(key, ['EVALSHA', hash, '1', key, ...args])
    } catch (thrown) {
      // Nothing ran: the server has been restarted, or is new.
      if (!(thrown instanceof Error && thrown.message.startsWith('NOSCRIPT'))) throw thrown
      return this.#connection.send(key, ['EVAL', script, '1', key, ...args])
    }
  }

  async #hash(script: string): Promise<string> {
    const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(script))
    const hash = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
    this.#hashes.set(script, hash)
    return hash
  }
}
