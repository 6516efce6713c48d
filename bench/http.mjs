import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { DigestClient, parametersOf } from './digest-client.mjs'
import { Load, requestBytes } from './load.mjs'

const basicHeader = { authorization: `Basic ${Buffer.from('ada:lovelace').toString('base64')}` }
const bearerHeader = { authorization: 'Bearer ada-token' }

/** The open route gets the same request header as the protected one, so that parsing it is charged to nobody. */
export const common = [
  { name: 'basic', path: '/basic', headers: basicHeader, status: 200 },
  { name: 'bearer', path: '/bearer', headers: bearerHeader, status: 200 },
  { name: 'refused', path: '/basic', headers: {}, status: 401 },
  { name: 'control', path: '/open2', headers: {}, status: 200 },
]

/** Each request has a header of its own, which the generator computes for the open route as well. */
export const digests = [
  { name: 'MD5', path: '/digest', digest: true, status: 200 },
  { name: 'SHA-256', path: '/digest-sha256', digest: true, status: 200 },
]

export const servers = [
  { framework: 'node:http', library: 'by hand', file: 'node-by-hand' },
  { framework: 'node:http', library: 'becauth', file: 'node-becauth' },
  { framework: 'express', library: 'passport', file: 'express-passport' },
  { framework: 'express', library: 'becauth', file: 'express-becauth' },
  { framework: 'fastify', library: 'its plugins', file: 'fastify-plugins' },
  { framework: 'fastify', library: 'becauth', file: 'fastify-becauth' },
  { framework: 'hono', library: 'its middleware', file: 'hono-middleware' },
  { framework: 'hono', library: 'becauth', file: 'hono-becauth' },
  { framework: 'hapi', library: '@hapi/basic', file: 'hapi-basic', without: ['bearer'] },
]

/** Fastify, Hono and @hapi have no Digest of their own; passport-http knows MD5, and remembers no nonce. */
export const digestServers = [
  { framework: 'node:http', library: 'becauth', file: 'node-becauth' },
  { framework: 'express', library: 'passport-http', file: 'express-passport', without: ['SHA-256'] },
  { framework: 'express', library: 'becauth', file: 'express-becauth' },
  { framework: 'fastify', library: 'becauth', file: 'fastify-becauth' },
  { framework: 'hono', library: 'becauth', file: 'hono-becauth' },
]

/** Each server makes its own tokens, and says which; the open route gets them as well. */
export const tokenMeasures = [
  { name: 'HS256', path: '/hs256', token: 'HS256', status: 200 },
  { name: 'RS256', path: '/rs256', token: 'RS256', status: 200 },
  { name: 'RS256 cached', path: '/rs256-cached', token: 'RS256', status: 200 },
  { name: 'control', path: '/open2', headers: {}, status: 200 },
]

const uncached = { without: ['RS256 cached'] }
export const tokenServers = [
  { framework: 'node:http', library: 'by hand', file: 'node-tokens-by-hand', ...uncached },
  { framework: 'node:http', library: 'becauth', file: 'node-tokens' },
  { framework: 'express', library: 'express-oauth2-jwt-bearer', file: 'express-oauth2-jwt-bearer', ...uncached },
  { framework: 'express', library: 'passport-jwt', file: 'express-passport-jwt', ...uncached },
  { framework: 'express', library: 'becauth', file: 'express-tokens' },
  { framework: 'fastify', library: '@fastify/jwt', file: 'fastify-jwt' },
  { framework: 'fastify', library: 'becauth', file: 'fastify-tokens' },
  { framework: 'hono', library: 'hono/jwt', file: 'hono-jwt', ...uncached },
  { framework: 'hono', library: 'becauth', file: 'hono-tokens' },
  { framework: 'hapi', library: '@hapi/jwt', file: 'hapi-jwt', ...uncached },
]

/** Each session is logged in to first, and its cookie sent to the open route as well. */
export const sessionMeasures = [
  { name: 'memory', path: '/memory', login: '/login/memory', status: 200 },
  { name: 'SQLite', path: '/sqlite', login: '/login/sqlite', status: 200 },
  { name: 'Redis', path: '/redis', login: '/login/redis', status: 200 },
  { name: 'sealed', path: '/sealed', login: '/login/sealed', status: 200 },
  { name: 'control', path: '/open2', headers: {}, status: 200 },
]

export const sessionServers = [
  { framework: 'node:http', library: 'becauth', file: 'node-sessions' },
  {
    framework: 'node:http',
    library: 'iron-session',
    file: 'node-iron-session',
    without: ['memory', 'SQLite', 'Redis'],
  },
  { framework: 'node:http', library: 'Better Auth', file: 'node-better-auth', without: ['memory', 'Redis', 'sealed'] },
  {
    framework: 'express',
    library: 'express-session, connect-redis',
    file: 'express-session',
    without: ['SQLite', 'sealed'],
  },
  { framework: 'express', library: 'becauth', file: 'express-sessions' },
  {
    framework: 'fastify',
    library: '@fastify/session, secure-session',
    file: 'fastify-session-plugins',
    without: ['SQLite', 'Redis'],
  },
  { framework: 'fastify', library: 'becauth', file: 'fastify-sessions' },
]

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

/** The generator stays on the first core, servers run on the second, where there are two. */
export function pinGenerator() {
  if (canPin) spawnSync('taskset', ['-pc', '0', String(process.pid)])
  return canPin
}

export async function start(file, cores = '1') {
  const path = fileURLToPath(new URL(`servers/${file}.mjs`, import.meta.url))
  const child = fork(path, { stdio: 'inherit' })
  if (canPin) spawnSync('taskset', ['-apc', cores, String(child.pid)])
  const [{ port }] = await once(child, 'message')
  return { child, url: `http://127.0.0.1:${port}` }
}

async function cpuOf(child) {
  child.send('cpu')
  const [{ cpu }] = await once(child, 'message')
  return cpu.user + cpu.system
}

async function slice({ child, load }, { path, next, status }, seconds) {
  const before = await cpuOf(child)
  const { answered, milliseconds, waits, statuses } = await load.run(next, seconds)
  const after = await cpuOf(child)
  if (statuses.some((one) => one !== status)) throw new Error(`${path}: answered ${statuses.join(', ')}`)
  return { rate: (answered * 1000) / milliseconds, p99: quantile(waits, 0.99), cpu: (after - before) / answered }
}

/** Nonces in use at a time: a request that waits to be accepted must not be overtaken by 128 others of its nonce. */
const nonces = 64

/** Asks the protected route for challenges, and answers them in turn, whichever route the answers go to. */
async function signing(url, { signedFor, path }) {
  const clients = []
  for (let index = 0; index < nonces; index++) {
    const { headers } = await fetch(url + (signedFor ?? path))
    const challenge = parametersOf(headers.get('www-authenticate'))
    clients.push(new DigestClient(challenge, { uri: path, username: 'ada', password: 'lovelace' }))
  }
  let count = 0
  return () => {
    const client = clients[count++ % nonces]
    return requestBytes(url, path, { authorization: client.header() })
  }
}

/** What makes each of a measure's requests. */
async function requestsOf(url, measure) {
  if (measure.digest) return signing(url, measure)
  const bytes = requestBytes(url, measure.path, measure.headers)
  return () => bytes
}

const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]
const median = (values) => quantile(values, 0.5)

/** The header fields of a browser that has logged in. */
async function cookies(url) {
  const { headers } = await fetch(url)
  const set = headers.getSetCookie().map((line) => line.split(';')[0])
  if (set.length === 0) throw new Error(`${url} sets no cookie`)
  return { cookie: set.join('; ') }
}

/** The header fields that a measure's requests have. */
async function headersOf({ login, token, headers }, url) {
  if (login !== undefined) return cookies(url + login)
  if (token === undefined) return headers
  const tokens = await (await fetch(`${url}/tokens`)).json()
  return { authorization: `Bearer ${tokens[token]}` }
}

/**
 * Alternates short slices of a protected route with its open one, each turn the other way round, so that a noisy machine is
 * noisy for both.
 */
export async function measureServer({ framework, library, file, without = [] }, measures, { rounds, seconds }) {
  const server = await start(file)
  const { url } = server
  try {
    const rows = {}
    const pairs = []
    for (const measure of measures.filter(({ name }) => !without.includes(name))) {
      const asked = { ...measure, headers: await headersOf(measure, url) }
      const open = { ...asked, path: '/open', signedFor: measure.path, status: 200 }
      pairs.push({
        name: measure.name,
        open: { ...open, next: await requestsOf(url, open) },
        protected: { ...asked, next: await requestsOf(url, asked) },
      })
    }
    server.load = await Load.open(url, 32)
    for (const pair of pairs) {
      await slice(server, pair.open, 1)
      await slice(server, pair.protected, 1)
    }
    for (const pair of pairs) {
      const samples = []
      for (let round = 0; round < rounds; round++) {
        const sample = {}
        for (const which of round % 2 === 0 ? ['open', 'protected'] : ['protected', 'open']) {
          sample[which] = await slice(server, pair[which], seconds)
        }
        samples.push(sample)
      }
      const ratios = samples.map((sample) => sample.protected.rate / sample.open.rate)
      rows[pair.name] = {
        openRate: Math.round(median(samples.map((sample) => sample.open.rate))),
        rate: Math.round(median(samples.map((sample) => sample.protected.rate))),
        ratio: median(ratios),
        quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
        p99: median(samples.map((sample) => sample.protected.p99)),
        addedMicroseconds: median(samples.map((sample) => sample.protected.cpu - sample.open.cpu)),
      }
    }
    return { framework, library, rows }
  } finally {
    server.load?.close()
    server.child.disconnect()
    await once(server.child, 'exit')
  }
}
