import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hashed, refusal } from '../../../test/digest/client.ts'
import { authentication } from '../../core/authentication.ts'
import type { Outcome } from '../../core/who.ts'
import { testRequest } from '../../testing/request.ts'
import { formatAuthorization } from '../../wire/authorization.ts'
import type { DigestAlgorithm, DigestOptions, DigestQop } from './digest.ts'
import { digest } from './digest.ts'
import { responseOf, sessionKey } from './response.ts'

interface Case {
  readonly id: string
  readonly method: string
  readonly username: string
  readonly password: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly response: string
  readonly opaque?: string
  readonly qop?: DigestQop
  readonly nc?: string
  readonly cnonce?: string
  readonly algorithm?: DigestAlgorithm
  readonly body?: string
  readonly username_sent?: string
  readonly username_ext?: string
  readonly expect_fail?: boolean
  /** As a client sent it, in place of the parameters one by one. */
  readonly header?: string
  readonly request_target?: string
}

interface Capture {
  readonly id: string
  readonly method: string
  readonly request_target: string
  readonly authorization: string
  readonly username: string
  readonly password: string
  readonly realm: string
  readonly verified_by_lab_server: boolean
}

const everything = ['SHA-512-256', 'SHA-512-256-sess', 'SHA-256', 'SHA-256-sess', 'MD5', 'MD5-sess'] as const
const right = [401, 'expired', true]
const wrong = [401, 'wrong-secret', false]

function casesOf<C extends { readonly id: string }>(file: URL): readonly C[] {
  const { cases }: { cases: readonly C[] } = JSON.parse(readFileSync(file, 'utf8'))
  expect(cases.length).toBeGreaterThan(0)
  return cases
}

const shared = (name: string) => new URL(`../../../../shared/vectors/${name}`, import.meta.url)
const noShared = !existsSync(shared('03-digest/digest.json'))
const ifShared = <C extends { readonly id: string }>(name: string) => (noShared ? [] : casesOf<C>(shared(name)))

function headerOf(one: Case): string | undefined {
  if (one.header !== undefined) return one.header.replace(/nonce="%[^"]*"/, `nonce="${one.nonce}"`)
  const { username, username_sent, username_ext, realm, nonce, uri, response, opaque, algorithm, qop, nc, cnonce } = one
  const octets = Buffer.from(username_sent ?? username).toString('latin1')
  const all: readonly (readonly [string, string | undefined])[] = [
    username_ext === undefined ? ['username', octets] : ['username*', username_ext],
    ...Object.entries({ realm, nonce, uri, response, opaque, algorithm, qop, nc, cnonce }),
    ['userhash', username_sent === undefined ? undefined : 'true'],
  ]
  const parameters = new Map(all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
  return formatAuthorization({ scheme: 'Digest', parameters })
}

async function decide(options: Partial<DigestOptions>, request: Parameters<typeof testRequest>[0]): Promise<Outcome> {
  const auth = authentication({
    d: digest({
      realm: 'r',
      secret: () => null,
      algorithms: everything,
      qop: ['auth', 'auth-int'],
      dangerouslyAllowRfc2069: true,
      ...options,
    }),
  })
  return await auth.decide(testRequest(request), 'd')
}

/** No nonce of a vector is ours, so the best that a right response gets is `stale=true`. */
async function holds(one: Case): Promise<void> {
  const { username, password, realm, opaque, method, uri, body = '' } = one
  const outcome = await decide(
    {
      realm,
      secret: (name) => (name === username ? password : null),
      usernames: [username],
      opaque: opaque ?? /opaque="([^"]*)"/.exec(one.header ?? '')?.[1],
    },
    { method, target: one.request_target ?? uri, headers: { Authorization: headerOf(one) ?? '' }, body },
  )
  expect(refusal(outcome)).toEqual(one.expect_fail === true ? wrong : right)
}

describe('vectors of RFC 2617, RFC 2069 and RFC 7616 through digest()', () => {
  it.each(casesOf<Case>(new URL('../../../test/vectors/03-digest/rfc.json', import.meta.url)))('$id', holds)
})

describe.skipIf(noShared)('shared vectors: Digest of other implementations through digest()', () => {
  it.each(ifShared<Case>('03-digest/digest.json'))('$id', holds)
  it.each(ifShared<Case>('03-digest/curl-digest.json'))('$id', holds)
})

describe.skipIf(noShared)('shared vectors: Digest of real clients through digest()', () => {
  const captures = ifShared<Capture>('07-interop/client-captures.json')
  const digests = captures.filter(({ authorization }) => authorization.startsWith('Digest'))
  it.each(digests)('$id', async ({ username, password, realm, ...one }) => {
    const options = {
      realm,
      opaque: 'b3BhcXVl',
      secret: (name: string) => (name === username ? password : null),
      usernames: [username],
    }
    const body = one.method === 'POST' ? 'a body that curl has not hashed' : undefined
    const request = {
      method: one.method,
      target: one.request_target,
      headers: { Authorization: one.authorization },
      body,
    }
    expect(refusal(await decide(options, request))).toEqual(one.verified_by_lab_server ? right : wrong)
  })

  it('has 23 of them', () => {
    expect(digests).toHaveLength(23)
  })

  it('refuses the MD5 that wget answers to SHA-256, and the form of RFC 2069 that Chromium answers to auth-int', async () => {
    const captured = (id: string) => captures.find((one) => one.id === id)
    const attempt = async (one: Capture | undefined, options: Partial<DigestOptions>) => {
      if (one === undefined) throw new Error('no such capture')
      const { realm, password, request_target: target, authorization } = one
      const config = { realm, opaque: 'b3BhcXVl', secret: () => password, dangerouslyAllowRfc2069: false, ...options }
      return refusal(await decide(config, { target, headers: { Authorization: authorization } }))
    }
    const wget = captured('Wget-1.21.3 GET /digest/SHA-256')
    expect(await attempt(wget, { algorithms: ['SHA-256'] })).toEqual([401, 'malformed-credential', false])
    expect(await attempt(wget, { algorithms: ['SHA-256', 'MD5'] })).toEqual(right)
    const chromium = captured('Mozilla-5.0 GET /digest/MD5?qop=auth-int')
    expect(await attempt(chromium, {})).toEqual([400, 'malformed-request', false])
  })
})

describe('responses of Digest', () => {
  const credential = {
    username: 'Mufasa',
    userhash: false,
    realm: 'testrealm@host.com',
    algorithm: 'MD5',
    qop: 'auth',
    uri: '/dir/index.html',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    nc: '00000001',
    cnonce: '0a4f113b',
    opaque: 'o',
    response: '',
  } as const
  const md5 = { name: 'MD5', hash: 'MD5', session: false, digits: 32 } as const
  const ha1 = '939e7578ed9e3c518a452acee763bce9'

  it('hash the request line of RFC 2617, section 3.5', async () => {
    expect(await responseOf(md5, ha1, credential, 'GET', undefined)).toBe('6629fae49393a05397450978507c4ef1')
  })

  it('hash a target as the octets that came', async () => {
    const utf8 = await responseOf(md5, ha1, { ...credential, uri: '/\u00c3\u00a4' }, 'GET', undefined)
    const ha2 = hashed('MD5', Buffer.from('GET:/ä'))
    expect(utf8).toBe(hashed('MD5', `${ha1}:${credential.nonce}:00000001:0a4f113b:auth:${ha2}`))
  })

  it('F15: never compute -sess without what makes a session', async () => {
    const session = await sessionKey({ ...md5, name: 'MD5-sess', session: true }, ha1, credential)
    expect(session).not.toBe(ha1)
    expect(session).toHaveLength(32)
    const header = headerOf({
      ...credential,
      id: '',
      method: 'GET',
      password: '',
      algorithm: 'MD5-sess',
      response: ha1,
    })
    const without = header?.replace(/, (cnonce="[^"]*"|nc=\w+|qop=auth)/g, '') ?? ''
    const outcome = await decide(
      { realm: credential.realm },
      { target: credential.uri, headers: { Authorization: without } },
    )
    expect(refusal(outcome)).toEqual([400, 'malformed-request', false])
  })
})
