import { createHash } from 'node:crypto'
import secureSession from '@fastify/secure-session'
import { fastify } from 'fastify'
import { sealData, unsealData } from 'iron-session'
import { Bench } from 'tinybench'
import { makeBetterAuth } from './servers/better-auth.mjs'
import { data, makeSessions, secret, subject } from './servers/sessions.mjs'
import { Source } from './source.mjs'

const second = (cookie) => cookie.slice(cookie.indexOf('=') + 1)

/** Logs in, and answers the `Cookie` field of the next request. */
async function loggedIn(sessions) {
  const { headers } = await sessions.login(new Source('cookie', undefined), data, { subject })
  return headers[0][1].split(';')[0]
}

/** Microseconds, mean, of reading a session and of writing one that is sealed, becauth's and others'. */
export async function measureSessions() {
  const { kept, auth } = await makeSessions()
  const bench = new Bench({ time: 400, warmupTime: 200 })
  const failures = []
  const add = (name, run, isRight) =>
    bench.add(name, run, {
      beforeAll: async () => {
        if (!isRight(await run())) failures.push(name)
      },
    })
  for (const name of ['memory', 'sqlite', 'sealed']) {
    const cookie = await loggedIn(kept[name])
    const requirement = auth.require(name)
    add(
      name === 'sealed' ? 'becauth: sealed session, opened' : `becauth: stored session, ${name}`,
      () => requirement.decide(new Source('cookie', cookie)),
      ({ kind }) => kind === 'authenticated',
    )
    if (name === 'memory') {
      const id = second(cookie)
      add(
        'floor: one SHA-256 of the id',
        () => createHash('sha256').update(id).digest(),
        ({ length }) => length === 32,
      )
    }
  }
  add(
    'becauth: sealed session, sealed',
    () => kept.sealed.login(new Source('cookie', undefined), data, { subject }),
    ({ headers }) => headers.length === 1,
  )

  const app = fastify()
  await app.register(secureSession, { key: Buffer.alloc(32, 1) })
  await app.ready()
  const session = app.createSecureSession({ user: data })
  const encoded = app.encodeSecureSession(session)
  add(
    '@fastify/secure-session, opened',
    () => app.decodeSecureSession(encoded),
    (found) => found?.get('user') !== undefined,
  )
  add(
    '@fastify/secure-session, sealed',
    () => app.encodeSecureSession(session),
    (text) => text.length > 0,
  )

  const iron = { password: secret }
  const sealed = await sealData({ user: data }, iron)
  add(
    'iron-session, opened',
    () => unsealData(sealed, iron),
    ({ user }) => user !== undefined,
  )
  add(
    'iron-session, sealed',
    () => sealData({ user: data }, iron),
    (text) => text.length > 0,
  )

  const better = await makeBetterAuth()
  const headers = new Headers({ cookie: better.cookie })
  add(
    'Better Auth getSession, SQLite',
    () => better.auth.api.getSession({ headers }),
    (found) => found !== null,
  )

  await bench.run()
  await app.close()
  if (failures.length > 0) throw new Error(`wrong answers: ${failures.join(', ')}`)
  return bench.tasks.map(({ name, result }) => ({ name, microseconds: result.latency.mean * 1000 }))
}
