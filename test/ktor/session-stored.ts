import { once } from 'node:events'
import { createServer } from 'node:http'
import { authentication } from 'becauth'
import { memorySessionStore } from 'becauth/memory'
import { session } from 'becauth/session'
import { parseSetCookie } from 'cookie'
import { NodeSource } from '../../src/adapters/node/node-source.ts'
import { freePort } from '../servers/process.ts'
import { failing } from '../sessions/kit.ts'
import {
  type Data,
  greeting,
  held,
  jar,
  loggedIn,
  NOW,
  orNothing,
  request,
  type Seen,
  schema,
  type sealed,
  seenIn,
  stored,
  visit,
} from './session-kit.ts'

type Observer = () => Promise<Seen>
type Stored = ReturnType<typeof stored>

const user = { userId: 'id1', cart: ['item1'] }
const second = { userId: 'id2', cart: ['item1'] }

async function set(made: Pick<Stored, 'login'>, data: Data = user): Promise<Seen> {
  const result = await made.login(request(), data, { subject: 'somebody' })
  return { body: 'ok', fields: result.headers }
}

async function readBack(made: Stored | ReturnType<typeof sealed>, text = greeting(', ')): Promise<Seen> {
  return visit(made, request(await loggedIn(made, user)), text)
}

/** The cookie dies with the logout; the browser follows the redirect with what it has then. */
async function loggedOut(): Promise<Seen> {
  const made = stored()
  const from = request(await loggedIn(made, { id: 1 }))
  return visit(made, request(jar((await made.logout(from)).headers)))
}

async function storageDown(): Promise<Seen> {
  let isDown = false
  const made = stored({ store: failing(memorySessionStore(), () => isDown) })
  const from = request(await loggedIn(made, { id: 1 }))
  isDown = true
  return visit(made, from)
}

async function refusedByValidate(): Promise<Seen> {
  const made = stored()
  let given: unknown
  const auth = authentication(
    {
      default: session({
        sessions: made,
        validate: ({ data }) => {
          given = data
          return null
        },
      }),
    },
    { clock: () => NOW },
  )
  const seen = seenIn(await auth.decide(request(await loggedIn(made, { id: 1 })), 'default'))
  return { ...seen, result: given }
}

/** The login of a browser that somebody gave the cookie of an anonymous session. */
async function fixation(): Promise<Seen> {
  const made = stored()
  const planted = await loggedIn(made, { userId: null })
  const after = await loggedIn(made, user, request(planted))
  const { cause, reason } = await visit(made, request(planted))
  return {
    cause,
    reason,
    result: planted === after ? 'session stored under the same id' : 'another id, and the old one is dead',
  }
}

async function serverId(): Promise<Seen> {
  const made = stored()
  const cookie = await loggedIn(made, second)
  const { handle, data } = await held(made, request(cookie))
  return { result: `handle ${cookie.includes(handle) ? 'is' : 'is not'} in the cookie; stored userId ${data.userId}` }
}

async function setAfterResponse(): Promise<Seen> {
  const made = stored()
  const port = await freePort()
  let error: unknown
  const server = createServer(async (incoming, response) => {
    response.end('OK')
    error = await made
      .login(new NodeSource(incoming, response), user, { subject: 'somebody' })
      .catch((thrown) => thrown)
    server.emit('tried')
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  try {
    const tried = once(server, 'tried')
    const response = await fetch(`http://127.0.0.1:${port}/after-response`)
    await tried
    const late = error instanceof Error ? { error: String(Reflect.get(error, 'code')) } : {}
    return { body: await response.text(), fields: [...response.headers], ...late }
  } finally {
    server.close()
  }
}

async function twoOfOneName(): Promise<Seen> {
  const provider = session({ sessions: stored() })
  const attempt = (providers: Parameters<typeof authentication>[0]) => {
    try {
      authentication(providers)
      return 'ok'
    } catch (thrown) {
      return thrown instanceof TypeError ? 'error' : 'another error'
    }
  }
  const other = session({ sessions: stored() })
  return { result: `same provider: ${attempt({ a: provider, b: provider })}; another: ${attempt({ a: other })}` }
}

async function misuse(): Promise<Seen> {
  try {
    Reflect.apply(session, undefined, [{}])
    return {}
  } catch (thrown) {
    return { error: thrown instanceof TypeError ? 'configuration' : String(thrown) }
  }
}

async function secureCookie(): Promise<Seen> {
  const made = stored({
    cookie: { sameSite: 'Strict', persistent: true },
    absoluteSeconds: 86_400,
    idleSeconds: 86_400,
  })
  return visit(made, request(await loggedIn(made, user)))
}

async function tooEarly(): Promise<Seen> {
  const made = stored()
  const found = await made.current(request(await loggedIn(made, user)))
  return { body: found === undefined ? 'none' : 'OK' }
}

async function customSerializer(): Promise<Seen> {
  const encode = ({ list }: Data) => `a;${String(list)}`
  const decode = (text: unknown) => ({ list: String(text).slice(2).split(',') })
  const made = stored({ encode, decode, schema } as Parameters<typeof stored>[0])
  return visit(made, request(await loggedIn(made, { list: ['b', 'c', 'd'] })), (data) => encode(data ?? {}))
}

async function unchanged(header?: string, change: Data = user): Promise<Seen> {
  const made = stored(header === undefined ? {} : { header, cookie: undefined })
  const { headers } = await made.login(request(), user, { subject: 'somebody' })
  const from = header === undefined ? request(jar(headers)) : request('', { [header]: headers[0]?.[1] ?? '' })
  const answered = await visit(made, from)
  const changed = await made.update(from, change)
  if (changed === undefined) throw new Error('there is no session')
  return { ...answered, fields: [...(answered.fields ?? []), ...changed.headers] }
}

/** Two parts of a service with sessions of their own, whose cookies have one name. */
async function isolated(what: 'set' | 'read'): Promise<Seen> {
  const [here, there] = [stored(), stored()]
  const { body } = await visit(there, request(await loggedIn(here, user)), orNothing('nobody there'))
  if (body !== 'nobody there') throw new Error('a session is good in another part of the service')
  return what === 'set' ? set(here) : readBack(here)
}

async function clearedElsewhere(): Promise<Seen> {
  const made = stored()
  const cookie = await loggedIn(made, user)
  const { handle } = await held(made, request(cookie))
  await made.revoke('somebody', handle)
  return visit(made, request(cookie), orNothing('no session'))
}

async function exclusive(): Promise<Seen> {
  const made = stored({ maxConcurrent: { limit: 1, onExceed: 'oldest' } })
  const device2 = await loggedIn(made, user)
  const device1 = await loggedIn(made, user)
  const { status } = await visit(made, request(device1))
  if (status !== 200) throw new Error('the newest session is over')
  return visit(made, request(device2), orNothing('no session'))
}

async function setNull(): Promise<Seen> {
  const made = stored()
  const from = request(await loggedIn(made, user))
  await visit(made, from)
  await made.logout(from)
  return { result: (await made.current(from)) === undefined ? 'no session' : 'old value' }
}

/** The attributes of the cookie, and whether a session in a header field can be ended. */
async function defaults(): Promise<Seen> {
  const made = stored({ cookie: undefined })
  const { headers } = await made.login(request(), user, { subject: 'somebody' })
  const { value: _, ...attributes } = parseSetCookie(headers[0]?.[1] ?? '')
  const inHeader = stored({ header: 'X-Session', cookie: undefined })
  const [field] = (await inHeader.login(request(), user, { subject: 'somebody' })).headers
  const from = () => request('', { 'X-Session': field?.[1] ?? '' })
  await inHeader.logout(from())
  return { result: { ...attributes }, status: (await visit(inHeader, from())).status ?? 0 }
}

async function accessors(): Promise<Seen> {
  const found = await stored().current(request())
  return { result: found === undefined ? 'no session, and no id' : found.handle }
}

export const storedObservers: Readonly<Record<string, Observer>> = {
  'session.only.none': () => visit(stored(), request()),
  'session.only.cookie': () => visit(stored(), request(`_S=${encodeURIComponent('{"id":1}')}`)),
  'session.only.logout': loggedOut,
  'session.deferred.protected': storageDown,
  'session.src-invalid': refusedByValidate,
  'session.src-no-validator': async () => {
    const made = stored()
    return visit(made, request(await loggedIn(made, { id: 1 })))
  },
  'session.src-login-fixation': fixation,
  'sessions.base64.read': async () => readBack(stored(), orNothing('none')),
  'sessions.routes.set': () => set(stored()),
  'sessions.routes.read': async () => readBack(stored()),
  'sessions.isolation.a.set': () => isolated('set'),
  'sessions.isolation.a.read': () => isolated('read'),
  'sessions.isolation.b.set': () => isolated('set'),
  'sessions.by-id.none': () => visit(stored(), request(), orNothing('none')),
  'sessions.by-id.set': () => set(stored(), second),
  'sessions.by-id.read': async () => {
    const { principal } = await visit(stored(), request())
    if (principal !== null) throw new Error('nobody is somebody')
    const made = stored()
    const { userId, cart } = (await held(made, request(await loggedIn(made, second)))).data
    return { result: `userId ${userId}, cart [${String(cart)}]` }
  },
  'sessions.by-id.unknown': async () => {
    const made = stored()
    const [, id = ''] = (await loggedIn(made, second)).split('=')
    return visit(made, request(`_S=bad${id}`), orNothing('no session'))
  },
  'sessions.by-id.accessors': accessors,
  'sessions.by-id.server-id.json': serverId,
  'sessions.by-id.custom-identity': () =>
    set(stored({ cookie: { name: '_S', persistent: true }, absoluteSeconds: 5, idleSeconds: 5, touchEverySeconds: 1 })),
  'sessions.by-id.invalid-cleared': () => visit(stored(), request('_S=invalid2'), orNothing('none')),
  'sessions.set-after-response': setAfterResponse,
  'sessions.duplicate-providers': twoOfOneName,
  'sessions.plugin-missing': misuse,
  'sessions.secure-cookie': secureCookie,
  'sessions.too-early': tooEarly,
  'sessions.no-set-cookie-when-unused': async () => readBack(stored()),
  'sessions.custom-serializer': customSerializer,
  'sessions.identity-from-call.2': () => set(stored()),
  'sessions.only-if-modified.storage.set': () => set(stored()),
  'sessions.only-if-modified.storage.same': () => unchanged(),
  'sessions.only-if-modified.header.same': () => unchanged('X-Session'),
  'sessions.only-if-modified.header.different': () => unchanged('X-Session', second),
  'sessions.clear-by-id.cleared': clearedElsewhere,
  'sessions.exclusive.device2-after': exclusive,
  'sessions.src-set-null': setNull,
  'sessions.src-defaults': defaults,
}
