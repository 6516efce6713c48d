import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { verify } from '@node-rs/argon2'
import { passwords } from 'becauth/password'
import { start } from './http.mjs'

/** Verifications per second: becauth's queue beside the bare library with as many under way. Floor: one after the other. */
export async function measureThroughput({ seconds }) {
  // What it is when nothing is said.
  const concurrency = Math.max(1, Math.min(availableParallelism(), Number(process.env.UV_THREADPOOL_SIZE ?? 4)) - 1)
  const hasher = passwords({ algorithm: 'argon2id', concurrency })
  const stored = await hasher.hash('lovelace')
  const queued = () => hasher.verify('byron', stored)
  const bare = () => verify(stored, 'byron')
  await rateOf(queued, 1, 0.5)
  return {
    oneByOne: await rateOf(bare, 1, seconds),
    bare: await rateOf(bare, concurrency, seconds),
    queued: await rateOf(queued, concurrency * 8, seconds),
    concurrency,
  }
}

async function rateOf(run, inFlight, seconds) {
  const until = performance.now() + seconds * 1000
  let done = 0
  const since = performance.now()
  const work = async () => {
    while (performance.now() < until) {
      await run()
      done++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  return (done * 1000) / (performance.now() - since)
}

/**
 * How long a route that has nothing to do with logins takes, in milliseconds: while nothing else happens; while 200
 * connections flood the login and wait as they are told; while they do not; and while they flood a route that does nothing,
 * which is what the flood alone costs.
 */
export async function measureLoginFlood({ seconds }) {
  const cores = availableParallelism() > 2 ? `1-${availableParallelism() - 1}` : '1'
  const server = await start('login-flood', cores)
  try {
    await Promise.all(Array.from({ length: connections }, () => ask(server.url)))
    await probe(server.url, 1)
    return {
      idle: await probe(server.url, seconds),
      patient: await during(server.url, '/login', 'patient', seconds),
      rude: await during(server.url, '/login', 'rude', seconds),
      cheap: await during(server.url, '/cheap', 'rude', seconds),
    }
  } finally {
    agent.destroy()
    server.child.disconnect()
    await once(server.child, 'exit')
  }
}

async function during(url, path, manners, seconds) {
  const flooder = fork(fileURLToPath(new URL('flooder.mjs', import.meta.url)), [url + path, manners], {
    stdio: 'inherit',
  })
  if (availableParallelism() > 1) spawnSync('taskset', ['-apc', '0', String(flooder.pid)])
  await sleep(2000)
  const measured = await probe(url, seconds)
  flooder.send('stop')
  const [{ perSecond }] = await once(flooder, 'message')
  return { ...measured, perSecond }
}

/** A busy Node accepts one new connection in each turn of its loop, which is not what is measured: these stay open. */
const connections = 100
const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections })

/** One request every 10 ms, whether the last one was answered or not. */
async function probe(url, seconds) {
  const times = []
  const asked = []
  for (let index = 0; index < seconds * 100; index++) {
    asked.push(ask(url).then((milliseconds) => times.push(milliseconds)))
    await sleep(10)
  }
  await Promise.all(asked)
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]
  return { p50: at(0.5), p99: at(0.99) }
}

function ask(url) {
  return new Promise((resolve, reject) => {
    const since = performance.now()
    const sent = request(`${url}/open`, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`/open answered ${response.statusCode}`))
      response.resume().once('end', () => resolve(performance.now() - since))
    })
    sent.once('error', reject).end()
  })
}
