import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ldap } from 'becauth/ldap'
import { Client, Control } from 'ldapts'
import { listening, people, prepareDirectory, service, slapdProgram } from '../scripts/lib/slapd.mjs'

const IN_FLIGHT = 10
const PASSWORD_POLICY = '1.3.6.1.4.1.42.2.27.8.5.1'
const password = 'a password'
// In the clear, so that it is the libraries that are measured and not the hash.
const entries = `dn: uid=bench,${people}
objectClass: inetOrgPerson
cn: Bench
sn: Bench
uid: bench
userPassword: ${password}
`

/** A directory of the bench's own; `undefined` where there is no slapd. */
export async function startDirectory() {
  if (slapdProgram() === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'becauth-bench-ldap-'))
  const { command, args, url } = prepareDirectory({ folder, port: await freePort(), failures: 0, entries })
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let said = ''
  while (!said.includes('slapd starting')) {
    const [chunk] = await Promise.race([once(child.stderr, 'data'), once(child, 'exit')])
    if (child.exitCode !== null) throw new Error(`slapd ended before it was ready\n${said}`)
    said += chunk
  }
  child.stderr.resume()
  await listening(url)
  return {
    url,
    stop: async () => {
      process.removeListener('exit', kill)
      const ended = once(child, 'exit')
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Logins per second and p99, ten at a time, by search and bind: becauth beside the same operations by bare ldapts, in turn.
 * `hash` is what the directory's hash leaves of the difference: the same with Argon2.
 */
export async function measureLdap({ rounds, seconds }) {
  const directory = await startDirectory()
  if (directory === undefined) return undefined
  try {
    const cheap = await measured(directory.url, { username: 'bench', password }, rounds, seconds)
    const hash = await measured(directory.url, { username: 'ada', password: 'lovelace' }, rounds, seconds)
    return { cheap, hash }
  } finally {
    await directory.stop()
  }
}

async function measured(url, credential, rounds, seconds) {
  const subjects = [
    becauth('becauth, pooled', url, credential, {}),
    await bare('bare ldapts, pooled', url, credential, true),
    becauth('becauth, a connection for each bind', url, credential, { pool: { binds: 0 } }),
    await bare('bare ldapts, a connection for each bind', url, credential, false),
    becauth('becauth, remembered', url, credential, { remember: { seconds: 300 } }),
    await passport(url, credential),
  ].filter((subject) => subject !== undefined)
  for (const { login } of subjects) await Promise.all(Array.from({ length: IN_FLIGHT }, login))
  const slices = subjects.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, { login }] of subjects.entries()) slices[index].push(await slice(login, seconds))
  }
  for (const { close } of subjects) await close()
  return subjects.map(({ name }, index) => {
    const times = slices[index].flatMap((one) => one.times).sort((a, b) => a - b)
    const perSecond = middle(slices[index].map((one) => one.perSecond))
    const beside = name.startsWith('becauth') ? slices[index + 1] : undefined
    const isPair = subjects[index + 1]?.name === name.replace('becauth', 'bare ldapts')
    const ratio = isPair ? middle(slices[index].map((one, at) => one.perSecond / beside[at].perSecond)) : undefined
    return { name, perSecond, p99: times[Math.floor(times.length * 0.99)], ratio }
  })
}

async function slice(login, seconds) {
  const since = performance.now()
  const until = since + seconds * 1000
  const times = []
  const work = async () => {
    for (let begun = performance.now(); begun < until; begun = performance.now()) {
      await login()
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  return { times, perSecond: (times.length * 1000) / (performance.now() - since) }
}

function becauth(name, url, credential, options) {
  const search = { base: people, filter: '(&(objectClass=person)(uid={username}))' }
  const validate = ldap({ url, service, search, principal: (user) => ({ name: user.name }), ...options })
  const { signal } = new AbortController()
  return {
    name,
    close: () => validate.close(),
    login: async () => {
      const answer = await validate(credential, { signal })
      if (answer?.name !== credential.username) throw new Error(`${name}: nobody was let in`)
    },
  }
}

/** One connection that searches and ten that bind, as becauth has then; or one for each bind. Time-outs and the control too. */
async function bare(name, url, { username, password }, isPooled) {
  const settings = { url, timeout: 5000, connectTimeout: 3000 }
  const searching = new Client(settings)
  await searching.bind(service.dn, service.password)
  const free = isPooled ? Array.from({ length: IN_FLIGHT }, () => new Client(settings)) : []
  const search = { scope: 'sub', filter: `(&(objectClass=person)(uid=${username}))`, sizeLimit: 2, attributes: ['1.1'] }
  return {
    name,
    close: () => Promise.all([searching, ...free].map((client) => client.unbind())),
    login: async () => {
      const found = await searching.search(people, search)
      const client = free.pop() ?? new Client(settings)
      await client.bind(found.searchEntries[0].dn, password, new Control(PASSWORD_POLICY))
      if (isPooled) free.push(client)
      else await client.unbind()
    },
  }
}

/** Where it is installed: its ldapjs is no longer maintained. It binds on one connection, one user after the other. */
async function passport(url, { username, password }) {
  const loaded = await import('passport-ldapauth').catch(() => undefined)
  if (loaded === undefined) return undefined
  const server = {
    url,
    bindDN: service.dn,
    bindCredentials: service.password,
    searchBase: people,
    searchFilter: '(&(objectClass=person)(uid={{username}}))',
    searchAttributes: ['1.1'],
  }
  const strategy = new loaded.default({ server }, (user, done) => done(null, user))
  return {
    name: 'passport-ldapauth',
    close: () => {},
    login: () =>
      new Promise((resolve, reject) => {
        const attempt = Object.assign(Object.create(strategy), {
          success: resolve,
          fail: () => reject(new Error('passport-ldapauth: nobody was let in')),
          error: reject,
        })
        attempt.authenticate({ body: { username, password }, query: {} }, {})
      }),
  }
}

function middle(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
