import type { Random } from './random.ts'

/** A request as it goes over the wire. */
export interface RawRequest {
  readonly method: string
  readonly target: string
  /** The path without the query. */
  readonly path: string
  /** Values are octets, seen as Latin-1. */
  readonly lines: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | undefined
  readonly chunked: boolean
}

export const goodForm = 'application/x-www-form-urlencoded'
export const goodJson = 'application/json'

const basic = (credential: string, charset: BufferEncoding = 'utf8') =>
  `Basic ${Buffer.from(credential, charset).toString('base64')}`

const digestPaths: readonly string[] = ['/digest', '/digest-512', '/digest-int']
const routes = [
  '/digest',
  '/digest-512',
  '/basic',
  '/basic-latin1',
  '/basic-quiet',
  '/bearer',
  '/api-key',
  '/any',
  '/all',
  '/optional',
  '/admin',
] as const
const good = [
  basic('ada:lovelace'),
  basic('ada:lovelace'),
  basic('alan:enigma'),
  basic('grace:hopper£ü'),
  basic('grace:hopper£ü', 'latin1'),
  'Bearer ada-token',
] as const
const wrong = [
  basic('ada:byron'),
  basic('ada:lovelace '),
  basic('Ada:lovelace'),
  basic('ada:'),
  basic(':lovelace'),
  basic('eve:lovelace'),
  basic('ada'),
  basic('ada:love\u0000lace'),
  basic('alan:hopper£ü', 'latin1'),
  basic('grace:hopper£ü', 'utf16le'),
  'Bearer ada-tokens',
  'Bearer ADA-TOKEN',
  'Bearer',
  'Basic',
  'Basic =',
  'Basic %%%',
  'Bearer ada-token ada-token',
  'Bearer "ada-token"',
  'Basic realm="x"',
  'Digest username="ada", realm="x", nonce="x", uri="/", response="0"',
  'Negotiate YWRhOmxvdmVsYWNl',
  'YWRhOmxvdmVsYWNl',
  'ada-token',
  ',',
  '',
] as const
const bodies = [
  'user=ada&password=lovelace',
  'user=grace&password=hopper%C2%A3%C3%BC',
  '{"user":"ada","password":"lovelace"}',
  'user=ada&password=byron',
  'user=ada&user=ada&password=lovelace',
  'user=ada&password=lovelace&password=lovelace',
  'user=ada',
  'user=grace&password=hopper%A3%FC',
  'user=ada&password=%zz',
  '{"user":"ada","password":"lovelace","password":"lovelace"}',
  '{"user":"ada","password":["lovelace"]}',
  '{"__proto__":{"user":"ada","password":"lovelace"}}',
  '{"user":"ada"',
  '[]',
  'null',
  '',
] as const
const types = [
  goodForm,
  goodForm,
  goodJson,
  goodJson,
  'text/plain',
  'multipart/form-data; boundary=x',
  `${goodForm}; charset=utf-16`,
  `${goodForm}, ${goodJson}`,
  'application/json5',
  ';;',
] as const

const cookies = [
  'session=1',
  'a=b; a=c',
  '=;=',
  '__Host-session=s1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA',
  '__Host-session=s1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA; __Host-session=x',
  '__Host-session=; __Host-session-remember=x',
  '__Host-session-remember=AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
] as const

/** Asks for `/digest` with a header that is right, once. */
export function digestRequest(random: Random, host: string, header: string): RawRequest {
  const lines: [string, string][] = [['Host', host], ['Authorization', header], ...others(random)]
  return { method: 'GET', target: '/digest', path: '/digest', lines, body: undefined, chunked: false }
}

/**
 * Makes one request: routes × methods × credentials, most of them nearly right.
 *
 * @param digests Digest headers that were right once, or for somebody else, and are not any more
 */
export function randomRequest(random: Random, host: string, digests: readonly string[]): RawRequest {
  const path = randomPath(random)
  const method = randomMethod(random, path)
  const isDigest = digestPaths.includes(path) && random.chance(0.7)
  const own: [string, string][] = isDigest ? [['Authorization', digest(random, digests)]] : credentials(random)
  const lines: [string, string][] = [['Host', host], ...own, ...others(random)]
  const body = method === 'POST' || random.chance(0.05) ? randomBody(random) : undefined
  if (body !== undefined && random.chance(0.95))
    lines.push([random.of(['Content-Type', 'content-type']), random.of(types)])
  const query = random.chance(0.2)
    ? `?${random.of(['user=ada', 'access_token=ada-token', 'api_key=ada-key', '', '?', '%'])}`
    : ''
  const target = random.chance(0.03) ? `http://${host}${path}${query}` : path + query
  return { method, target, path, lines, body, chunked: body !== undefined && random.chance(0.2) }
}

function randomPath(random: Random): string {
  if (random.chance(0.12)) return '/form'
  if (random.chance(0.05)) return '/down'
  if (random.chance(0.01)) return '/htpasswd'
  if (random.chance(0.03)) return random.of(['/throttled', '/digest-int'])
  if (random.chance(0.04)) return random.of(['/login', '/me', '/sessions', '/logout'])
  if (random.chance(0.08))
    return random.of(['/', '/healthz', '/nothing', '/basic/', '/Basic', '//basic', '/live.js', '/basic%00'])
  return random.of(routes)
}

function randomMethod(random: Random, path: string): string {
  if (random.chance(0.06)) return random.of(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'GET'])
  if (['/form', '/throttled', '/digest-int', '/logout'].includes(path)) return 'POST'
  if (['/login', '/sessions'].includes(path) && random.chance(0.7)) return 'POST'
  return random.chance(0.1) ? 'HEAD' : 'GET'
}

function credentials(random: Random): [string, string][] {
  const lines: [string, string][] = []
  const count = random.chance(0.25) ? 0 : random.chance(0.07) ? 2 : 1
  for (let index = 0; index < count; index++) {
    lines.push([random.of(['Authorization', 'authorization', 'AUTHORIZATION']), authorization(random)])
  }
  const keys = random.chance(0.6) ? 0 : random.chance(0.1) ? 2 : 1
  for (let index = 0; index < keys; index++) lines.push([random.of(['X-Api-Key', 'x-api-key']), apiKey(random)])
  return lines
}

/** A Digest header that nobody may get in by. */
function digest(random: Random, digests: readonly string[]): string {
  const used = digests[random.below(digests.length)] ?? ''
  const roll = random.next()
  if (roll < 0.25) return used
  if (roll < 0.5) return oneOff(random, used)
  if (roll < 0.65) return used.slice(0, random.below(used.length))
  if (roll < 0.85) {
    const parts = used.slice('Digest '.length).split(', ')
    const kept = parts
      .filter(() => random.chance(0.9))
      .map((part) => (random.chance(0.9) ? part : oneOff(random, part)))
    return `Digest ${[...kept, random.of(parts.length > 1 ? ['qop=auth-int', used.slice(7), 'userhash=true'] : [''])].join(', ')}`
  }
  return `${random.of(['Digest', 'digest ', 'DIGEST', 'Digest\t'])} ${random.text(random.below(200))}`
}

function authorization(random: Random): string {
  const roll = random.next()
  if (roll < 0.45) return random.of(good)
  if (roll < 0.7) return random.of(wrong)
  if (roll < 0.85) return oneOff(random, random.of(good))
  if (roll < 0.9) return spelled(random, random.of(good))
  if (roll < 0.92) return `${random.of(['Basic', 'Bearer', 'Foo'])} ${'YWRh'.repeat(250 + random.below(1000))}`
  if (roll < 0.925) return `${random.of(['Basic', 'Bearer'])} ${'YWRh'.repeat(4500)}`
  return random.text(random.below(40))
}

function apiKey(random: Random): string {
  const roll = random.next()
  if (roll < 0.6) return 'ada-key'
  if (roll < 0.75) return oneOff(random, 'ada-key')
  return random.of([
    'eve-key',
    'ADA-KEY',
    '',
    'ada key',
    'ada-key,ada-key',
    '"ada-key"',
    'ada-ke\u00e9',
    'k'.repeat(2000),
  ])
}

/** One character replaced, sometimes by an octet beyond ASCII. */
function oneOff(random: Random, text: string): string {
  const at = random.below(text.length)
  const other = random.chance(0.1) ? String.fromCharCode(0x80 + random.below(0x80)) : random.text(1)
  return text.slice(0, at) + other + text.slice(at + 1)
}

/** Another way to write the same. */
function spelled(random: Random, text: string): string {
  const [scheme = '', rest = ''] = text.split(' ')
  return random.of([
    `${scheme.toUpperCase()} ${rest}`,
    `${scheme.toLowerCase()} ${rest}`,
    `${scheme}   ${rest}`,
    ` ${text}\t `,
  ])
}

function randomBody(random: Random): Buffer {
  const roll = random.next()
  if (roll < 0.8) return Buffer.from(random.of(bodies))
  if (roll < 0.9) return Buffer.from(oneOff(random, random.of([bodies[0], bodies[2]])), 'latin1')
  if (roll < 0.97) return Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)))
  return Buffer.from(`user=ada&password=${'x'.repeat(random.of([16_000, 17_000, 70_000]))}`)
}

function others(random: Random): [string, string][] {
  const lines: [string, string][] = []
  if (random.chance(0.3))
    lines.push(['Accept', random.of(['text/html,*/*;q=0.1', 'application/json', '*/*', 'x/y;;q=', ''])])
  if (random.chance(0.2)) lines.push(['Cookie', random.of(cookies)])
  if (random.chance(0.05)) lines.push(['Cookie', oneOff(random, random.of([cookies[3], cookies[4], cookies[6]]))])
  if (random.chance(0.1)) lines.push(['Sec-Fetch-Site', random.of(['same-origin', 'cross-site', 'none', 'x'])])
  if (random.chance(0.05)) lines.push(['Origin', random.of(['http://evil.example', 'null'])])
  if (random.chance(0.1))
    lines.push(['Sec-Fetch-Mode', random.of(['navigate', 'cors'])], ['Sec-Fetch-Dest', 'document'])
  if (random.chance(0.1)) lines.push(['X-Forwarded-For', random.of(['127.0.0.1', 'x', '::1, 10.0.0.1'])])
  if (random.chance(0.05))
    lines.push([random.of(['X-Attempt', 'X-Remote-User', 'Proxy-Authorization']), random.of(good)])
  return lines
}
