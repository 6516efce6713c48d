/** A client of Redis or Valkey, connected: node-redis (`redis` 4 and later) or ioredis, of one server or of a cluster. */
export type RedisSessionClient = NodeRedisConnection | NodeRedisCluster | IoredisConnection | IoredisCluster

/** What is used of a node-redis client. */
export interface NodeRedisConnection {
  readonly isReady: boolean
  sendCommand(args: string[]): Promise<unknown>
}

/** What is used of a node-redis cluster. */
export interface NodeRedisCluster {
  readonly isOpen: boolean
  readonly isReady?: boolean
  readonly masters: readonly object[]
  readonly slots: readonly { readonly master: object }[]
  nodeClient(node: object): Promise<NodeRedisConnection> | NodeRedisConnection
  sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>
}

/** What is used of an ioredis client. */
export interface IoredisConnection {
  readonly status: string
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined }
  call(command: string, args: string[]): Promise<unknown>
}

/** What is used of an ioredis cluster. */
export interface IoredisCluster {
  readonly status: string
  readonly isCluster: boolean
  readonly slots: readonly (readonly string[])[]
  nodes(role: 'master'): readonly IoredisConnection[]
  call(command: string, args: string[]): Promise<unknown>
}

/** How many replicas must have a write before it counts. */
export interface ReplicaWait {
  /** How many replicas of each server that was written to. */
  readonly count: number
  /** How long they may take, in milliseconds. Meanwhile this connection does nothing else. */
  readonly timeoutMs: number
}

/** One server. */
export type RedisNode = (args: string[]) => Promise<unknown>

/** The same few things of every client. */
export interface RedisConnection {
  readonly isUp: boolean
  /** Sends a command to the server that has a key. Commands that are sent in one tick travel together. */
  send(key: string, args: string[]): Promise<unknown>
  /** The servers that have these keys, each once, by the connections that `send` uses for them. */
  nodesOf(keys: readonly string[]): Promise<readonly RedisNode[]>
  /** All servers that take writes. */
  nodes(): Promise<readonly RedisNode[]>
}

/** Gives every client one face; `undefined` when it is none of those that are known. */
export function redisConnection(client: RedisSessionClient): RedisConnection | undefined {
  if (typeof client !== 'object' || client === null) return undefined
  // First, for ioredis has a sendCommand() as well, of another kind.
  if ('status' in client) {
    if (!('call' in client)) return undefined
    return 'nodes' in client ? new OfIoredisCluster(client) : new OfIoredis(client)
  }
  if (!('sendCommand' in client)) return undefined
  if ('masters' in client) return new OfNodeRedisCluster(client)
  // What a sentinel client and a pool call sendCommand() takes other arguments.
  const isOther = !('isReady' in client) || 'getMasterNode' in client || 'getSentinelNode' in client
  return isOther ? undefined : new OfNodeRedis(client)
}

class OfNodeRedis implements RedisConnection {
  readonly #client: NodeRedisConnection

  constructor(client: NodeRedisConnection) {
    this.#client = client
  }

  get isUp(): boolean {
    return this.#client.isReady
  }

  send(_key: string, args: string[]): Promise<unknown> {
    return this.#client.sendCommand(args)
  }

  nodesOf(): Promise<readonly RedisNode[]> {
    return this.nodes()
  }

  async nodes(): Promise<readonly RedisNode[]> {
    return [(args) => this.#client.sendCommand(args)]
  }
}

class OfNodeRedisCluster implements RedisConnection {
  readonly #client: NodeRedisCluster

  constructor(client: NodeRedisCluster) {
    this.#client = client
  }

  get isUp(): boolean {
    return this.#client.isReady ?? this.#client.isOpen
  }

  send(key: string, args: string[]): Promise<unknown> {
    // Never to a replica, which may not know yet that a session has ended.
    return this.#client.sendCommand(key, false, args)
  }

  nodesOf(keys: readonly string[]): Promise<readonly RedisNode[]> {
    return this.#clients(keys.map((key) => this.#client.slots[slotOf(key)]?.master))
  }

  nodes(): Promise<readonly RedisNode[]> {
    return this.#clients(this.#client.masters)
  }

  #clients(masters: readonly (object | undefined)[]): Promise<readonly RedisNode[]> {
    return Promise.all(
      [...new Set(masters)].map(async (master): Promise<RedisNode> => {
        if (master === undefined) throw new Error('the cluster has a slot that no server has')
        const node = await this.#client.nodeClient(master)
        return (args) => node.sendCommand(args)
      }),
    )
  }
}

class OfIoredis implements RedisConnection {
  readonly #client: IoredisConnection

  constructor(client: IoredisConnection) {
    this.#client = client
  }

  get isUp(): boolean {
    return this.#client.status === 'ready'
  }

  send(_key: string, args: string[]): Promise<unknown> {
    return call(this.#client, args)
  }

  nodesOf(): Promise<readonly RedisNode[]> {
    return this.nodes()
  }

  async nodes(): Promise<readonly RedisNode[]> {
    return [(args) => call(this.#client, args)]
  }
}

class OfIoredisCluster implements RedisConnection {
  readonly #client: IoredisCluster

  constructor(client: IoredisCluster) {
    this.#client = client
  }

  get isUp(): boolean {
    return this.#client.status === 'ready'
  }

  send(_key: string, args: string[]): Promise<unknown> {
    return call(this.#client, args)
  }

  async nodesOf(keys: readonly string[]): Promise<readonly RedisNode[]> {
    const addresses = new Set(keys.map((key) => this.#client.slots[slotOf(key)]?.[0]))
    const nodes = this.#client
      .nodes('master')
      .filter(({ options }) => addresses.has(`${options.host ?? ''}:${options.port ?? 0}`))
    if (nodes.length !== addresses.size) throw new Error('the cluster has a slot that no server has')
    return nodes.map(
      (node): RedisNode =>
        (args) =>
          call(node, args),
    )
  }

  async nodes(): Promise<readonly RedisNode[]> {
    return this.#client.nodes('master').map(
      (node): RedisNode =>
        (args) =>
          call(node, args),
    )
  }
}

function call(client: IoredisConnection | IoredisCluster, [command = '', ...args]: string[]): Promise<unknown> {
  return client.call(command, args)
}

/** The slot of a key of printable US-ASCII. */
function slotOf(key: string): number {
  const open = key.indexOf('{') + 1
  const close = key.indexOf('}', open)
  let crc = 0
  for (let index = open; index < close; index++) {
    crc ^= key.charCodeAt(index) << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc % 16_384
}
