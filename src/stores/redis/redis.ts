import { type RedisConnection, type RedisSessionClient, type ReplicaWait, redisConnection } from './client.ts'
import { durabilityWarnings, type RedisWarning } from './durability.ts'
import { Rosters } from './rosters.ts'
import { Scripts } from './script.ts'

/** What stores in Redis are told. */
export interface RedisStoreOptions {
  /** The service's own client, of one server or of a cluster. It stays the service's: it is never closed here. */
  readonly client: RedisSessionClient
  /**
   * What the keys begin with. Stores of both kinds, and of several services, need different ones.
   * Default: `'becauth:session'` and `'becauth:remember'`.
   */
  readonly prefix?: string | undefined
  /**
   * Lets a write count only when so many replicas have it, by `WAIT`; else it rejects, and may have happened or not. While
   * it waits, other commands on the same connection wait as well. Default: replicas are not waited for, and a failover
   * may lose what was written last.
   */
  readonly waitReplicas?: ReplicaWait | undefined
  /**
   * Told once, at the start or when the connection is first used, of settings by which this Redis may lose sessions.
   * Default: `console.warn`.
   */
  readonly onWarning?: ((warning: RedisWarning) => void) | undefined
}

/** What both stores are made of. */
export class Redis {
  readonly connection: RedisConnection
  readonly scripts: Scripts
  readonly rosters: Rosters
  readonly prefix: string
  readonly #factory: string
  readonly #wait: ReplicaWait | undefined
  readonly #onWarning: (warning: RedisWarning) => void
  #checked = false

  /** @throws TypeError when an option cannot be used. */
  constructor(factory: string, options: RedisStoreOptions, defaultPrefix: string) {
    if (typeof options !== 'object' || options === null) throw new TypeError(`${factory}(): wants an object of options`)
    const { client, prefix = defaultPrefix, waitReplicas, onWarning = warn } = options
    const connection = redisConnection(client)
    if (connection === undefined) {
      throw new TypeError(`${factory}(): "client" must be a client or a cluster of node-redis or ioredis`)
    }
    if (typeof prefix !== 'string' || !/^[\w:.-]{1,64}$/.test(prefix)) {
      throw new TypeError(`${factory}(): "prefix" must be 1 to 64 letters, digits or of "_:.-"`)
    }
    if (waitReplicas !== undefined && ![waitReplicas.count, waitReplicas.timeoutMs].every(isPositive)) {
      throw new TypeError(`${factory}(): "waitReplicas" must have a "count" and "timeoutMs", whole numbers above 0`)
    }
    if (typeof onWarning !== 'function') throw new TypeError(`${factory}(): "onWarning" must be a function`)
    this.connection = connection
    this.scripts = new Scripts(connection, () => this.mustBeUp())
    this.rosters = new Rosters(connection, this.scripts)
    this.prefix = prefix
    this.#factory = factory
    this.#wait = waitReplicas
    this.#onWarning = onWarning
    if (connection.isUp) this.#check()
  }

  /** @throws Error when the connection is down: a client that queues would answer when nobody waits any more. */
  mustBeUp(): void {
    if (!this.connection.isUp) throw new Error(`${this.#factory}(): the connection is down`)
    if (!this.#checked) this.#check()
  }

  /** What this Redis is set up to lose. */
  check(): Promise<readonly RedisWarning[]> {
    this.#checked = true
    return durabilityWarnings(this.connection)
  }

  /** The key of the list of a subject's members. Subjects are hashed: they may be addresses of people. */
  async subjectRoster(subject: string): Promise<string> {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(subject))
    const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)))
    return `${this.prefix}:s:{${base64.replaceAll('+', '-').replaceAll('/', '_').slice(0, 43)}}`
  }

  /** Waits until enough replicas have what was written under these keys. */
  async replicated(keys: readonly string[]): Promise<void> {
    if (this.#wait === undefined) return
    const { count, timeoutMs } = this.#wait
    const nodes = await this.connection.nodesOf(keys)
    const reached = await Promise.all(nodes.map((node) => node(['WAIT', String(count), String(timeoutMs)])))
    const fewest = Math.min(...reached.map(Number))
    if (!(fewest >= count)) {
      throw new Error(`${this.#factory}(): ${fewest} of ${count} replicas have what was written`)
    }
  }

  #check(): void {
    this.check()
      .then((warnings) => {
        for (const warning of warnings) this.#onWarning(warning)
      })
      // What goes wrong here goes wrong for whoever uses the store next, and is told there.
      .catch(() => {})
  }
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function warn({ message }: RedisWarning): void {
  console.warn(`becauth: ${message}`)
}
