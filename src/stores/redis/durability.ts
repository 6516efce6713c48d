import type { RedisConnection, RedisNode } from './client.ts'

/**
 * Why a Redis may lose or bring back sessions. `eviction`: it drops keys when it is full. `no-aof`: what happened since the
 * last snapshot is gone after a crash. `fsync`: the last second or more is. `unknown`: it does not tell.
 */
export interface RedisWarning {
  readonly code: 'eviction' | 'no-aof' | 'fsync' | 'unknown'
  /** A full sentence. */
  readonly message: string
}

/** Looks at how all servers are set up. Each warning comes once, however many servers it is about. */
export async function durabilityWarnings(connection: RedisConnection): Promise<readonly RedisWarning[]> {
  const nodes = await connection.nodes()
  const all = (await Promise.all(nodes.map(ofNode))).flat()
  return [...new Map(all.map((warning) => [warning.code, warning])).values()]
}

async function ofNode(node: RedisNode): Promise<readonly RedisWarning[]> {
  const warnings: RedisWarning[] = []
  // Where CONFIG is not allowed, INFO tells at least these two.
  const policy = (await setting(node, 'maxmemory-policy')) ?? (await info(node, 'memory', 'maxmemory_policy'))
  const appendOnly = (await setting(node, 'appendonly')) ?? (await info(node, 'persistence', 'aof_enabled'))
  const fsync = await setting(node, 'appendfsync')
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push({
      code: 'eviction',
      message: `Redis has "maxmemory-policy ${policy}": when it is full it logs people out. Set it to "noeviction".`,
    })
  }
  if (appendOnly === 'no' || appendOnly === '0') {
    warnings.push({
      code: 'no-aof',
      message:
        'Redis has "appendonly no": a crash logs people out and brings back sessions that had ended. Set it to "yes".',
    })
  } else if (fsync !== undefined && fsync !== 'always') {
    warnings.push({
      code: 'fsync',
      message: `Redis has "appendfsync ${fsync}": a crash forgets the last logins and logouts. Set it to "always".`,
    })
  }
  if (policy === undefined || appendOnly === undefined || (fsync === undefined && warnings.length === 0)) {
    warnings.push({
      code: 'unknown',
      message:
        'Redis does not tell how it is set up. It should have "noeviction", "appendonly yes", "appendfsync always".',
    })
  }
  return warnings
}

async function setting(node: RedisNode, name: string): Promise<string | undefined> {
  try {
    const reply = await node(['CONFIG', 'GET', name])
    // A list with RESP2, with RESP3 a map or an object.
    const entries: readonly unknown[] = Array.isArray(reply)
      ? reply
      : reply instanceof Map
        ? [...reply].flat()
        : Object.entries(reply ?? {}).flat()
    const value = entries[1]
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

async function info(node: RedisNode, section: string, name: string): Promise<string | undefined> {
  try {
    const reply = await node(['INFO', section])
    const line = typeof reply === 'string' ? reply.split('\r\n').find((text) => text.startsWith(`${name}:`)) : undefined
    return line?.slice(name.length + 1)
  } catch {
    return undefined
  }
}
