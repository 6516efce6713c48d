import { describe, expect, it } from 'vitest'
import { edKey, nonsense, ScriptedIssuer, wanting } from '../../test/keys/scripted-issuer.ts'
import { isCause } from '../core/cause.ts'
import { discoveredKeys, type FetchedKeySource, type FetchedKeysOptions, jwks, type KeySource } from './index.ts'

const key = edKey('a')
const jwksUri = 'https://keys.example/set'

/** An issuer that answers by path; what is not there is 404. */
function issuerWith(pages: Record<string, () => Response>): ScriptedIssuer {
  const issuer = new ScriptedIssuer()
  const all: typeof pages = { [jwksUri]: () => Response.json({ keys: [key] }), ...pages }
  issuer.answer = (url) => all[url]?.() ?? new Response('not here', { status: 404 })
  return issuer
}

function metadata(issuer: string, more: object = {}): () => Response {
  return () => Response.json({ issuer, jwks_uri: jwksUri, ...more })
}

function discover(issuer: ScriptedIssuer, name: string, options: FetchedKeysOptions = {}): FetchedKeySource {
  return discoveredKeys(name, { fetch: issuer.fetch, clock: issuer.clock, ...options })
}

async function ask(keys: KeySource, kid = 'a'): Promise<string> {
  const found = await keys.find(wanting(kid), new AbortController().signal)
  if (!isCause(found)) return found.map(({ kid: id }) => id).join()
  return found.kind === 'InvalidCredentials' ? String(found.reason) : found.kind
}

describe('discoveredKeys()', () => {
  it.each([
    ['https://id.example', 'https://id.example/.well-known/openid-configuration'],
    ['https://id.example/', 'https://id.example/.well-known/openid-configuration'],
    ['https://id.example/tenant', 'https://id.example/tenant/.well-known/openid-configuration'],
    ['https://id.example/tenant/', 'https://id.example/tenant/.well-known/openid-configuration'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000/.well-known/openid-configuration'],
  ])('finds the keys of %s by %s', async (name, page) => {
    const issuer = issuerWith({ [page]: metadata(name) })
    const keys = discover(issuer, name)
    expect(issuer.fetches).toBe(0)
    expect(await ask(keys)).toBe('a')
    expect(issuer.asked).toEqual([page, jwksUri])
  })

  it.each([
    ['https://id.example', 'https://id.example/.well-known/oauth-authorization-server'],
    ['https://id.example/tenant', 'https://id.example/.well-known/oauth-authorization-server/tenant'],
  ])('finds the keys of %s by %s, where OpenID has no page', async (name, page) => {
    const issuer = issuerWith({ [page]: metadata(name) })
    expect(await ask(discover(issuer, name))).toBe('a')
    expect(issuer.asked.slice(1)).toEqual([page, jwksUri])
  })

  it('goes on to the other page when a site shows HTML for every path', async () => {
    const issuer = issuerWith({
      'https://id.example/.well-known/openid-configuration': nonsense['a page of HTML with 200'] ?? expect.fail(),
      'https://id.example/.well-known/oauth-authorization-server': metadata('https://id.example'),
    })
    expect(await ask(discover(issuer, 'https://id.example'))).toBe('a')
  })

  it.each([
    ['another issuer', metadata('https://evil.example'), 'keys-wrong-issuer'],
    ['the issuer with a slash', metadata('https://id.example/'), 'keys-wrong-issuer'],
    ['the issuer in capitals', metadata('https://ID.example'), 'keys-wrong-issuer'],
    ['no issuer', () => Response.json({ jwks_uri: jwksUri }), 'keys-wrong-issuer'],
    ['no jwks_uri', metadata('https://id.example', { jwks_uri: undefined }), 'keys-malformed'],
    ['a jwks_uri in clear', metadata('https://id.example', { jwks_uri: 'http://keys.example/set' }), 'keys-malformed'],
    [
      'a jwks_uri on this machine',
      metadata('https://id.example', { jwks_uri: 'http://127.0.0.1/set' }),
      'keys-malformed',
    ],
    ['a jwks_uri that is a file', metadata('https://id.example', { jwks_uri: 'file:///etc/passwd' }), 'keys-malformed'],
    ['a jwks_uri that is relative', metadata('https://id.example', { jwks_uri: '/set' }), 'keys-malformed'],
    [
      'a jwks_uri with a password',
      metadata('https://id.example', { jwks_uri: 'https://a:b@keys.example' }),
      'keys-malformed',
    ],
    ['a redirect', () => new Response(null, { status: 301, headers: { location: jwksUri } }), 'keys-redirect'],
    ['an error of the server', () => new Response('', { status: 502 }), 'keys-status'],
  ])('refuses metadata with %s, and does not look elsewhere', async (_what, page, code) => {
    const issuer = issuerWith({
      'https://id.example/.well-known/openid-configuration': page,
      'https://id.example/.well-known/oauth-authorization-server': metadata('https://id.example'),
    })
    const keys = discover(issuer, 'https://id.example')
    expect(await ask(keys)).toBe('Error')
    expect(keys.status().failure).toMatchObject({ code: 'keys-unavailable', cause: { code } })
    expect(issuer.fetches).toBe(1)
  })

  it('reads the metadata again after an hour, and not with every refresh', async () => {
    const page = 'https://id.example/.well-known/openid-configuration'
    const issuer = issuerWith({ [page]: metadata('https://id.example') })
    const keys = discover(issuer, 'https://id.example')
    for (let minute = 0; minute <= 65; minute += 13) {
      expect(await ask(keys)).toBe('a')
      issuer.time += 13 * 60
    }
    expect(issuer.asked.filter((url) => url === page)).toHaveLength(2)
    expect(issuer.asked.filter((url) => url === jwksUri)).toHaveLength(6)
  })

  it('finds a set that moved by reading the metadata again after a failure', async () => {
    let location = jwksUri
    const issuer = issuerWith({
      'https://id.example/.well-known/openid-configuration': () =>
        Response.json({ issuer: 'https://id.example', jwks_uri: location }),
      'https://new.example/set': () => Response.json({ keys: [edKey('b')] }),
      [jwksUri]: () => (location === jwksUri ? Response.json({ keys: [key] }) : new Response('', { status: 410 })),
    })
    const keys = discover(issuer, 'https://id.example')
    expect(await ask(keys)).toBe('a')
    location = 'https://new.example/set'
    issuer.time += 601
    expect(await ask(keys)).toBe('a')
    issuer.time += 2
    expect(await ask(keys, 'b')).toBe('b')
  })

  it('starts warm without looking for the metadata', async () => {
    const issuer = issuerWith({ 'https://id.example/.well-known/openid-configuration': metadata('https://id.example') })
    const warmStart = await discover(issuer, 'https://id.example').export()
    issuer.die()
    expect(await ask(discover(issuer, 'https://id.example', { warmStart }))).toBe('a')
    expect(() => discover(issuer, 'https://other.example', { warmStart })).toThrow('has the keys of somebody else')
  })
})

describe.each([
  ['jwks()', 'url', jwks],
  ['discoveredKeys()', 'issuer', discoveredKeys],
])('%s', (factory, name, make) => {
  it.each([
    ['http://id.example', 'must be an "https:" URL; "http:" goes to this machine only'],
    ['http://127.0.0.1.evil.example', 'must be an "https:" URL; "http:" goes to this machine only'],
    ['http://localhost.evil.example', 'must be an "https:" URL; "http:" goes to this machine only'],
    ['file:///etc/passwd', 'must be an "https:" URL; "http:" goes to this machine only'],
    ['data:application/json,{}', 'must be an "https:" URL; "http:" goes to this machine only'],
    ['https://user:secret@id.example', 'must have no user and no password in it'],
    ['id.example', 'must be an absolute URL'],
    ['/jwks', 'must be an absolute URL'],
    ['https://id.example\n', 'must be an absolute URL'],
    ['https:\\\\id.example', 'must be an absolute URL'],
    ['', 'must be an absolute URL'],
  ])('refuses %j at construction', (url, problem) => {
    expect(() => make(url)).toThrow(new TypeError(`${factory}: "${name}" ${problem}`))
  })

  it.each(['http://localhost:4000', 'http://127.0.0.1/x', 'http://127.8.9.1', 'http://[::1]:80', 'https://id.example'])(
    'takes %s',
    (url) => {
      expect(make(url).status()).toMatchObject({ fetches: 0, fetchedAt: undefined })
    },
  )

  it('takes http: to others when told that this is dangerous', () => {
    expect(() => make('http://id.example', { dangerouslyAllowHttp: true })).not.toThrow()
  })

  it.each([
    [{ cooldownSeconds: 0 }, '"cooldownSeconds" must be a number from 1 to 3600'],
    [{ timeoutSeconds: Number.NaN }, '"timeoutSeconds" must be a number from 0.1 to 60'],
    [{ timeoutSeconds: '5' }, '"timeoutSeconds" must be a number from 0.1 to 60'],
    [{ staleIfErrorSeconds: -1 }, '"staleIfErrorSeconds" must be a number from 0 to 315360000'],
    [{ fetch: 'x' }, '"fetch" must be a function'],
    [{ clock: 5 }, '"clock" must be a function'],
    [{ warmStart: 5 }, '"warmStart" must be what "export()" wrote'],
  ])('refuses the options %j at construction', (options, problem) => {
    const wrong = [`https://id.example`, options]
    expect(() => Reflect.apply(make, undefined, wrong)).toThrow(new TypeError(`${factory}: ${problem}`))
  })
})

it.each(['https://id.example?tenant=1', 'https://id.example#x', 'https://id.example/#'])(
  'discoveredKeys() refuses the issuer %s, which has a query or a fragment',
  (issuer) => {
    expect(() => discoveredKeys(issuer)).toThrow('"issuer" must have no query and no fragment')
  },
)
