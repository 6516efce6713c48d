import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'redis'
import { freePort } from './process.ts'
import { type RedisServer, startRedis } from './redis.ts'

/** A cluster of the test's own: three masters on the loopback interface, with a third of the slots each. */
export interface RedisCluster {
  readonly servers: readonly RedisServer[]
  /** Waits until all servers have ended. */
  stop(): Promise<void>
}

const SLOTS = 16_384
const MASTERS = 3
const START_MILLISECONDS = 30_000

/** Starts three times the `redis-server` at this path and makes a cluster of them. */
export async function startRedisCluster(command: string): Promise<RedisCluster> {
  const started: RedisServer[] = []
  const buses: number[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()))
  }
  try {
    for (let made = 0; made < MASTERS; made++) {
      const bus = await freePort()
      const settings = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '5000']
      started.push(await startRedis(command, settings))
      buses.push(bus)
    }
    await join(started, buses)
    return { servers: started, stop }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

async function join(servers: readonly RedisServer[], buses: readonly number[]): Promise<void> {
  const clients = await Promise.all(servers.map(({ url }) => createClient({ url }).connect()))
  try {
    for (const [index, client] of clients.entries()) {
      const [first, end] = [index, index + 1].map((part) => Math.floor((part * SLOTS) / MASTERS))
      await client.sendCommand(['CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1)])
      await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', String(first), String((end ?? 0) - 1)])
      if (index === 0) continue
      await clients[0]?.sendCommand([
        'CLUSTER',
        'MEET',
        '127.0.0.1',
        new URL(servers[index]?.url ?? '').port,
        String(buses[index]),
      ])
    }
    const deadline = Date.now() + START_MILLISECONDS
    while (!(await Promise.all(clients.map(isJoined))).every(Boolean)) {
      if (Date.now() > deadline) throw new Error('the servers did not become a cluster in time')
      await pause(20)
    }
  } finally {
    for (const client of clients) client.destroy()
  }
}

async function isJoined(client: { sendCommand(args: string[]): Promise<unknown> }): Promise<boolean> {
  const info = String(await client.sendCommand(['CLUSTER', 'INFO']))
  return ['cluster_state:ok', `cluster_slots_assigned:${SLOTS}`, `cluster_size:${MASTERS}`].every((line) =>
    info.includes(line),
  )
}
