import { authentication } from 'becauth'
import { memorySessionStore } from 'becauth/memory'
import { sealedSessions, session, sessions } from 'becauth/session'
import {
  damaged,
  greeting,
  jar,
  loggedIn,
  NOW,
  request,
  type Seen,
  schema,
  sealed,
  seenIn,
  visit,
} from './session-kit.ts'

type Observer = () => Promise<Seen>

const user = { userId: 'id 2', cart: [] }

/** What Ktor's applications of signed and encrypted cookies do, with sealed sessions. */
async function set(): Promise<Seen> {
  const { headers } = await sealed().login(request(), user, { subject: 'somebody' })
  return { body: `ok${jar(headers) === '' ? '' : ' + Set-Cookie'}`, fields: headers }
}

async function read(change: (cookie: string) => string = (cookie) => cookie, separator = ', '): Promise<Seen> {
  const cookie = await loggedIn(sealed(), user)
  return visit(sealed(), request(change(cookie)), greeting(separator))
}

async function vector(): Promise<Seen> {
  const { headers } = await sealed().login(request(), { userId: 'id2', cart: [] }, { subject: 'somebody' })
  return { fields: headers }
}

async function setCookieLine(): Promise<Seen> {
  const { headers } = await sealed().login(request(), user, { subject: 'somebody' })
  return visit(sealed(), request(headers[0]?.[1]), greeting(', '))
}

const oldValue =
  '00112233445566778899aabbccddeeff/c3850fc1ddc62f71ec5eaad6d393b91fa809fe32a1cf0cb4730788c5a489daef:' +
  '51a5e9fcd1c91418f9a623bafa5022a524348e44244265dc0cab2cebacc28a5d'

function ofKey(bytes: number) {
  return sealedSessions({
    keys: [{ id: 'a', key: new Uint8Array(bytes) }],
    absoluteSeconds: 60,
    schema,
    clock: () => NOW,
    cookie: { name: '_S' },
  })
}

async function roundTrip(bytes: number, input: string): Promise<Seen> {
  try {
    const made = ofKey(bytes)
    const { principal } = await visit(made, request(await loggedIn(made, { input })))
    return { result: Object(principal).input === input ? 'same text after write and read' : principal }
  } catch (error) {
    if (error instanceof TypeError) return { error: 'configuration' }
    throw error
  }
}

/** Every part of a seal, decoded: `e1.<key id>.<salt>.<IV, ciphertext and tag>`. */
async function parts(): Promise<Seen> {
  const value = (await loggedIn(ofKey(32), { input: 'hello' })).slice('_S='.length)
  const [format, id, salt = '', rest = ''] = value.split('.')
  const octets = (text: string) => Buffer.from(text, 'base64url').length
  return {
    result: `${format}, key ${id}, salt of ${octets(salt)}, IV and tag ${octets(rest) > 28 ? 'with' : 'without'} text`,
  }
}

async function flippedIv(): Promise<Seen> {
  const cookie = await loggedIn(sealed(), user)
  const start = cookie.lastIndexOf('.') + 1
  const octets = Buffer.from(cookie.slice(start), 'base64url')
  octets[0] = (octets[0] ?? 0) ^ 1
  const seen = await visit(sealed(), request(cookie.slice(0, start) + octets.toString('base64url')))
  return { ...seen, result: seen.status === 200 ? 'accepted' : 'refused' }
}

async function autoSerializer(): Promise<Seen> {
  const data = { int: 1, string: '2', boolean: true, double: 3.5, nullable: null, list: ['1', '2'], map: { key1: 1 } }
  const { principal } = await visit(sealed(), request(await loggedIn(sealed(), data)))
  return { result: JSON.stringify(principal) === JSON.stringify(data) ? 'round-trips' : principal }
}

async function clearedSecure(): Promise<Seen> {
  const lines = await Promise.all(
    [sealed('__Host-session'), sessions({ store: memorySessionStore(), schema })].map(async (made) => {
      const { headers } = await made.logout(request())
      return headers.find(([name]) => name === 'Set-Cookie')?.[1] ?? ''
    }),
  )
  return { result: lines.every((line) => /Max-Age=0.*; Secure/.test(line)) ? 'Secure kept' : lines }
}

async function byValueSet(): Promise<Seen> {
  return { ...(await set()), body: 'ok' }
}

async function same(): Promise<Seen> {
  const from = request(await loggedIn(sealed(), user))
  return { fields: (await sealed().replace(from, user))?.headers ?? [] }
}

async function mutated(): Promise<Seen> {
  const made = sealed()
  const from = request(await loggedIn(made, user))
  const outcome = await authentication({ visitor: session({ sessions: made }) }, { clock: () => NOW }).decide(
    from,
    'visitor',
  )
  const data = Object.assign(Object(seenIn(outcome).principal), { userId: 'another' })
  return { fields: (await made.replace(from, data))?.headers ?? [] }
}

export const sealedObservers: Readonly<Record<string, Observer>> = {
  'cookie.clear.secure': clearedSecure,
  'encrypt.aes256-key': async () => ({ result: ofKey(32) === undefined ? 'refused' : 'constructed' }),
  'encrypt.aes256-iv': parts,
  'encrypt.roundtrip-128': () => roundTrip(16, 'session-value-16'),
  'encrypt.roundtrip-192': () => roundTrip(24, 'session-value-24'),
  'encrypt.src-iv-flip': flippedIv,
  'signed.set': set,
  'signed.read': () => read(),
  'signed.last-digit-flipped': () => read(damaged),
  'signed.last-digit-not-hex': () => read((cookie) => damaged(cookie, '*')),
  'signed.vector': vector,
  'encrypted.read': () => read(),
  'encrypted.none': () => read(() => ''),
  'encrypted.last-digit-flipped': () => read(damaged),
  'encrypted.vector': vector,
  'encrypted-compat.set': set,
  'encrypted-compat.read': () => read(),
  'encrypted-compat.read-set-cookie-line': setCookieLine,
  'encrypted-compat.none': () => read(() => ''),
  'encrypted-compat.last-digit-flipped': () => read(damaged),
  'encrypted-compat.vector': vector,
  'encrypted-no-compat.read-set-cookie-line': setCookieLine,
  'encrypted-no-compat.none': () => read(() => ''),
  'encrypted-no-compat.last-digit-flipped': () => read(damaged),
  'encrypted-no-compat.last-digit-not-hex': () => read((cookie) => damaged(cookie, '*')),
  'encrypted-no-compat.old-mac': () => read(() => `_S=${oldValue}`, ':'),
  'format.auto-serializer': autoSerializer,
  'sessions.by-value.set': byValueSet,
  'sessions.only-if-modified.cookie.set': set,
  'sessions.only-if-modified.cookie.same': same,
  'sessions.only-if-modified.cookie.different': async () => {
    const from = request(await loggedIn(sealed(), user))
    return { fields: (await sealed().replace(from, { ...user, userId: 'another' }))?.headers ?? [] }
  },
  'sessions.only-if-modified.default': same,
  'sessions.only-if-modified.mutation': mutated,
}
