import { authentication, type Outcome, provider } from 'becauth'
import { type DigestCredential, type DigestOptionsOf, digest, digestCredentials } from 'becauth/digest'
import { algorithmNamed } from '../../src/providers/digest/algorithms.ts'
import { authenticationInfo } from '../../src/providers/digest/authentication-info.ts'
import { Nonces } from '../../src/providers/digest/nonce.ts'
import { passwordHash, responseOf, sessionKey } from '../../src/providers/digest/response.ts'
import { testRequest } from '../../src/testing/request.ts'
import { challengesOf, hashed, type Login, respond } from '../digest/client.ts'
import type { DigestCase, DigestSetup } from './digest-cases.ts'

/** What becauth does with a case. */
export interface Seen {
  readonly status?: number
  readonly principal?: unknown
  readonly cause?: string | undefined
  readonly reason?: string | undefined
  readonly stale?: boolean
  /** `WWW-Authenticate` field lines. */
  readonly challenges?: readonly string[]
  readonly info?: string | undefined
  readonly sent?: string | undefined
  readonly credentials?: Readonly<Record<string, string | undefined>>
  readonly result?: unknown
}

/** What the client of a case sends, where the case tells it in words. */
const told: Readonly<Record<string, Partial<Login> & { readonly change?: (header: string) => string }>> = {
  'digest.nonce.issued': { uri: '/dir/index.html', change: (header) => header.replace(/(qop|nc)=(\w+)/g, '$1="$2"') },
  'digest.nonce.tampered': { uri: '/dir/index.html', change: (header) => header.replace(/(.)", uri/, changed) },
  'digest.charset-lower-case': { change: (header) => `${header}, charset=utf-8` },
  'digest.src-lower-case-scheme': { change: (header) => header.replace('Digest', 'digest') },
  'digest.src-missing-uri': { send: { uri: null } },
  'digest.src-unknown-algorithm': { send: { algorithm: 'SHA-1' } },
  'digest.src-qop-without-cnonce': { send: { cnonce: null } },
  'digest.src-qop-not-offered': { qop: 'auth-int' },
  'digest.src-no-qop': { qop: null },
  'digest.src-other-uri': { uri: '/a' },
  'digest.src-username-star': { extended: true },
  'digest.interop.userhash': { userhash: true },
}

function changed(_text: string, last: string): string {
  return `${last === 'A' ? 'B' : 'A'}", uri`
}

export async function observeDigest(one: DigestCase): Promise<Seen> {
  const unit = units[one.setup.unit ?? '']
  if (unit !== undefined) return await unit(one)
  if (one.setup.unit !== undefined) return await challengeOfUnit()
  if (one.id === 'digest.parse-rfc') return await parsed(one)
  return await observe(one)
}

/** The same request as becauth wants it: with a nonce of the service's own, for the target that is asked for. */
export async function observeRewritten(one: DigestCase): Promise<Seen> {
  const header = headerOf(one)
  const username = /username="([^"]*)"/.exec(header)?.[1] ?? 'user'
  const isHash = header.includes('userhash=true')
  return await observe(one, { uri: pathOf(one), username: isHash ? 'Mufasa' : username, userhash: isHash })
}

async function observe(one: DigestCase, login?: Partial<Login>): Promise<Seen> {
  const { setup, request } = one
  const auth = authentication({ default: digest<object>(optionsOf(setup)) })
  const source = (headers: Record<string, string> = {}) => testRequest({ target: pathOf(one), headers })
  const asked = await auth.decide(source(), 'default')
  const credentials = String(request?.clientCredentials ?? '').split('/')
  const [name = '', password] = credentials
  const known = Object.entries(setup.users ?? { Mufasa: setup.password ?? '' })[0] ?? ['', '']
  const usual = { username: name || known[0], password: password ?? setup.password ?? known[1], uri: pathOf(one) }
  const header = headerOf(one)
  const how = login ?? told[one.id] ?? (password === undefined ? undefined : {})
  if (how === undefined && header === '') return seenIn(asked)
  const [challenge] = challengesOf(asked)
  const written = how === undefined ? header : respond(challenge, { ...usual, ...how })
  const change = login === undefined ? told[one.id]?.change : undefined
  const sent = change === undefined ? written : change(written)
  return { ...seenIn(await auth.decide(source({ Authorization: sent }), 'default')), sent }
}

function optionsOf(setup: DigestSetup): DigestOptionsOf<object> {
  const { realm = 'Ktor Server', algorithms, qop, users, password, unknownUsers = [], userhash, validate } = setup
  return {
    realm,
    algorithms,
    qop,
    usernames: userhash === true ? Object.keys(users ?? {}) : undefined,
    secret: (name) =>
      users === undefined ? (unknownUsers.includes(name) ? null : (password ?? null)) : (users[name] ?? null),
    validate: ({ username }) => (validate === undefined || validate === username ? { name: username } : null),
  }
}

function seenIn(outcome: Outcome): Seen {
  const cause = outcome.failures[0]?.cause
  const failure = { cause: cause?.kind, reason: cause?.kind === 'InvalidCredentials' ? cause.reason : undefined }
  if ('response' in outcome) {
    const { status, headers } = outcome.response
    const challenges = headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
    const stale = challenges.some((line) => line.includes('stale=true'))
    return { status, principal: null, challenges, stale, info: undefined, ...failure }
  }
  const { principal } = outcome
  const fields = outcome.amendments?.headers?.({ status: 200, header: () => undefined })
  const info = fields?.find(([name]) => name === 'Authentication-Info')?.[1]
  const name = typeof principal === 'object' && 'name' in principal ? principal.name : principal
  return { status: 200, principal: name, challenges: [], stale: false, info, ...failure }
}

function pathOf({ request }: DigestCase): string {
  return typeof request?.path === 'string' ? request.path : '/'
}

function headerOf({ request }: DigestCase): string {
  const headers: object = Object(request?.headers)
  const value = 'Authorization' in headers ? String(headers.Authorization) : ''
  return /<|\.\.\./.test(value) ? '' : value
}

/** Ktor's provider sets nothing, and the handler runs. */
async function parsed(one: DigestCase): Promise<Seen> {
  let credential: DigestCredential | undefined
  const silent = provider<object>({
    challenge: { scheme: 'Custom' },
    authenticate: ({ request }) => {
      credential = digestCredentials(request)
      return Object.create(null)
    },
  })
  const source = testRequest({ headers: { Authorization: headerOf(one) } })
  const outcome = await authentication({ default: silent }).decide(source, 'default')
  const { realm, nonce, uri, nc, response, opaque } = credential ?? {}
  return { ...seenIn(outcome), credentials: { realm, nonce, uri, nc, response, opaque } }
}

async function challengeOfUnit(): Promise<Seen> {
  const one = digest({ realm: 'testrealm@host.com', opaque: '5ccc069c403ebaf9f0171e9517f40e41', secret: () => null })
  return seenIn(await authentication({ one }).decide(testRequest(), 'one'))
}

const example = {
  username: 'Mufasa',
  userhash: false,
  realm: 'testrealm@host.com',
  qop: 'auth',
  uri: '/dir/index.html',
  nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
  nc: '00000001',
  cnonce: '0a4f113b',
  opaque: undefined,
  response: '',
} as const

const rfc2617 = { realm: 'testrealm@host.com', password: 'Circle Of Life' }
const rfc7616 = { realm: 'http-auth@example.org', password: 'CircleOfLife' }

const units: Readonly<Record<string, (one: DigestCase) => Promise<Seen>>> = {
  response: async ({ id, request }) => {
    const named = request?.algorithm ?? (id.includes('sha256') ? 'SHA-256' : 'MD5')
    const algorithm = algorithmNamed(String(named))
    if (algorithm === undefined) throw new Error(`${id} has no algorithm`)
    const credential = { ...example, algorithm: algorithm.name }
    // The account of RFC 7616 for the SHA algorithms, that of RFC 2617 for MD5.
    const account = algorithm.hash === 'MD5' ? rfc2617 : rfc7616
    const secret = await passwordHash(algorithm.hash, 'Mufasa', account.realm, account.password)
    const ha1 = await sessionKey(algorithm, secret, credential)
    return { result: await responseOf(algorithm, ha1, credential, 'GET', undefined) }
  },
  'H(user:realm)': async ({ request }) => {
    const asked: string[] = []
    const realm = String(request?.realm)
    const usernameOfHash = (userhash: string) => {
      asked.push(userhash)
      return null
    }
    const auth = authentication({ one: digest({ realm, secret: () => null, usernameOfHash }) })
    const [challenge] = challengesOf(await auth.decide(testRequest(), 'one'))
    const header = respond(challenge, { username: String(request?.user), password: '', userhash: true })
    await auth.decide(testRequest({ headers: { Authorization: header } }), 'one')
    return { result: asked[0] }
  },
  configuration: async () => {
    const parameters = new Map(digest({ realm: 'r', secret: () => null }).challenge.parameters)
    return { result: { algorithms: [parameters.get('algorithm')], charset: parameters.get('charset') } }
  },
  lookup: async ({ request }) => {
    const header = (qop: string) => respond(undefined, { username: 'a', password: 'b', send: { qop, nonce: 'n' } })
    const names = Array.isArray(request?.input) ? request.input.map(String) : []
    const read = (qop: string) => digestCredentials(testRequest({ headers: { Authorization: header(qop) } }))
    return { result: names.map((name) => read(name)?.qop ?? null) }
  },
  'Authentication-Info': async ({ request }) => {
    const { ha1, nonce, cnonce, nc, uri, nextnonce } = { ...request }
    const md5 = algorithmNamed('MD5')
    if (md5 === undefined) throw new Error('there is no MD5')
    const texts = { nonce: String(nonce), cnonce: String(cnonce), nc: String(nc), uri: String(uri) }
    const credential = { ...example, ...texts, algorithm: md5.name }
    const rspauth = await responseOf(md5, String(ha1), credential, '', undefined)
    const answer = { field: 'Authentication-Info', credential, nextNonce: String(nextnonce) }
    return { result: authenticationInfo(answer, rspauth)[0]?.[1] }
  },
  'HMAC nonce manager': async ({ request }) => {
    const input = String(request?.input).replace('<64 hex>', hashed('SHA-256', 'x'))
    const nonces = new Nonces({ keys: [new Uint8Array(32)], realm: 'r', lifetimeSeconds: 60, perAddress: false })
    let result = false
    const listening = provider<object>({
      challenge: { scheme: 'Custom' },
      authenticate: async (context) => {
        result = (await nonces.read(input, context)) !== undefined
        return Object.create(null)
      },
    })
    await authentication({ listening }).decide(testRequest(), 'listening')
    return { result }
  },
  'algorithm tables': async ({ expected }) => {
    const names = Object.keys(Object(expected.result))
    const uriOf = (name: string) => Object.values(algorithmNamed(name) ?? {}).find((value) => `${value}`.includes('//'))
    const found = names.map((name) => [name, name.includes('//') ? algorithmNamed(name)?.name : uriOf(name)])
    return { result: Object.fromEntries(found.map(([name, value]) => [name, value ?? null])) }
  },
}
