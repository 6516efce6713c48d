import { createHmac, generateKeyPairSync } from 'node:crypto'
import { authentication } from 'becauth'
import fc from 'fast-check'
import OAuth from 'oauth-1.0a'
import { describe, expect, it } from 'vitest'
import {
  type Oauth1ConsumerKey,
  type Oauth1Pair,
  oauth1Authorization,
  oauth1Signature,
} from '../../src/providers/oauth1/oauth1.ts'
import { testRequest } from '../../src/testing/request.ts'
import { service } from '../services.ts'
import { run } from './commands.ts'
import { pythonWith } from './python.ts'

const oauthlib = service('python3') && (await pythonWith('oauthlib'))
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKey = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const privateKey = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const consumerSecret = 'sécret & 你好'
const token = { token: 'tök=en', tokenSecret: 'åçñ%' }
const formType = 'application/x-www-form-urlencoded'

const auth = authentication({
  api: oauth1Signature({
    consumers: () => ({
      methods: ['HMAC-SHA256', 'HMAC-SHA1', 'RSA-SHA256', 'RSA-SHA1', 'PLAINTEXT'],
      secret: consumerSecret,
      publicKey,
    }),
    tokens: () => ({ secret: token.tokenSecret }),
    methods: ['HMAC-SHA256', 'HMAC-SHA1', 'RSA-SHA256', 'RSA-SHA1', 'PLAINTEXT'],
  }),
})

/** What becauth makes of a request that somebody else signed. */
async function judged(method: string, url: string, authorization: string, form?: string): Promise<string> {
  const { pathname, search, host } = new URL(url)
  const headers = {
    Host: host,
    Authorization: authorization,
    ...(form === undefined ? {} : { 'Content-Type': formType }),
  }
  const outcome = await auth.decide(testRequest({ method, target: pathname + search, headers, body: form }), 'api')
  const cause = outcome.failures[0]?.cause
  return cause?.kind === 'InvalidCredentials' ? `${cause.reason}: ${cause.detail}` : (cause?.kind ?? outcome.kind)
}

const plain = fc.string({ unit: fc.constantFrom(...'abcXYZ019-._~'), minLength: 1, maxLength: 8 })

describe('requests signed by npm oauth-1.0a, with unique, plainly encoded names', () => {
  it.each(['HMAC-SHA1', 'HMAC-SHA256'] as const)('pass by %s', async (method) => {
    const signer = new OAuth({
      consumer: { key: 'printer', secret: consumerSecret },
      signature_method: method,
      hash_function: (base, key) => createHmac(method.slice(5).toLowerCase(), key).update(base).digest('base64'),
    })
    const parameters = fc.uniqueArray(fc.tuple(plain, plain), { maxLength: 5, selector: ([name]) => name })
    await fc.assert(
      fc.asyncProperty(parameters, fc.boolean(), async (pairs, posted) => {
        // As they are: it decodes no name of a query before it encodes it.
        const query = pairs.map((pair) => pair.join('=')).join('&')
        const url = `https://service.example/photos${posted || query === '' ? '' : `?${query}`}`
        const request = { url, method: posted ? 'POST' : 'GET', data: posted ? Object.fromEntries(pairs) : {} }
        const { Authorization } = signer.toHeader(
          signer.authorize(request, { key: token.token, secret: token.tokenSecret }),
        )
        expect(await judged(request.method, url, Authorization, posted ? query : undefined)).toBe('authenticated')
        expect(await judged(request.method, `${url}x`, Authorization, posted ? query : undefined)).toMatch(
          /^bad-signature/,
        )
      }),
      { numRuns: 50 },
    )
  })
})

interface Case {
  readonly method: string
  readonly url: string
  readonly form?: string
  readonly signature: 'HMAC-SHA1' | 'HMAC-SHA256' | 'RSA-SHA1' | 'RSA-SHA256' | 'PLAINTEXT'
}

const text = fc.string({ unit: fc.constantFrom(...'ab= &%+~*\'!()é你/?:"'), maxLength: 6 })
const name = text.filter((one) => one !== '')
const written = (pairs: readonly Oauth1Pair[]) => pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
const someCase: fc.Arbitrary<Case> = fc
  .record({
    query: fc.array(fc.tuple(name, text), { maxLength: 4 }),
    form: fc.option(fc.array(fc.tuple(name, text), { minLength: 1, maxLength: 4 }), { nil: undefined }),
    path: fc.constantFrom('/', '/a/b', '/r%20v/X', '/~x;y=1'),
    signature: fc.constantFrom<Case['signature']>('HMAC-SHA1', 'HMAC-SHA256', 'RSA-SHA1', 'RSA-SHA256', 'PLAINTEXT'),
  })
  .map(({ query, form, path, signature }) => ({
    method: form === undefined ? 'GET' : 'POST',
    url: `https://service.example${path}${query.length === 0 ? '' : `?${written(query)}`}`,
    ...(form === undefined ? {} : { form: written(form) }),
    signature,
  }))

// Fixed, so that one start of Python signs or verifies all of them.
const cases = fc.sample(someCase, { numRuns: 120, seed: 5849 })

const bySecret = `import sys, json
from oauthlib.oauth1 import Client
data = json.load(sys.stdin)
for one in data['cases']:
    rsa = one['signature'].startswith('RSA')
    client = Client('printer', client_secret=data['secret'], resource_owner_key=data['token'],
        resource_owner_secret=data['tokenSecret'], signature_method=one['signature'], realm='any realm' if rsa else None,
        rsa_key=data['privateKey'] if rsa else None)
    headers = {'Content-Type': 'application/x-www-form-urlencoded'} if 'form' in one else {}
    uri, headers, body = client.sign(one['url'], one['method'], one.get('form'), headers)
    print(json.dumps([headers['Authorization'], body]))`

const verifying = `import sys, json
from oauthlib.oauth1.rfc5849 import signature as s
from oauthlib.common import Request
data = json.load(sys.stdin)
for one in data['cases']:
    uri = s.base_string_uri(one['url'], None)
    headers = {'Authorization': one['authorization']}
    if 'form' in one: headers['Content-Type'] = 'application/x-www-form-urlencoded'
    query = one['url'].partition('?')[2]
    params = s.collect_parameters(uri_query=query, body=one.get('form') or [], headers=headers, exclude_oauth_signature=False)
    signature = dict(params)['oauth_signature']
    request = Request(one['url'], one['method'], one.get('form'), headers)
    request.signature = signature
    request.params = [(n, v) for n, v in params if n != 'oauth_signature']
    request.signature_method = one['signature']
    kind = one['signature']
    if kind == 'PLAINTEXT': print(s.verify_plaintext(request, data['secret'], data['tokenSecret']))
    elif kind == 'HMAC-SHA1': print(s.verify_hmac_sha1(request, data['secret'], data['tokenSecret']))
    elif kind == 'HMAC-SHA256': print(s.verify_hmac_sha256(request, data['secret'], data['tokenSecret']))
    elif kind == 'RSA-SHA1': print(s.verify_rsa_sha1(request, data['publicKey']))
    else: print(s.verify_rsa_sha256(request, data['publicKey']))`

async function python(program: string, all: readonly object[]): Promise<readonly string[]> {
  const given = { secret: consumerSecret, ...token, privateKey, publicKey, cases: all }
  const { output, errors, code } = await run(oauthlib || '', ['-c', program], JSON.stringify(given))
  expect(errors).toBe('')
  expect(code).toBe(0)
  return Buffer.from(output, 'latin1').toString().trim().split('\n')
}

describe.skipIf(!oauthlib)("requests and Python's oauthlib", () => {
  it('pass here when oauthlib signed them, by every method, and not when anything is another', {
    timeout: 60_000,
  }, async () => {
    const lines = await python(bySecret, cases)
    expect(lines).toHaveLength(cases.length)
    for (const [index, { method, url, signature }] of cases.entries()) {
      const [authorization, body]: [string, string | null] = JSON.parse(lines[index] ?? '')
      expect([url, await judged(method, url, authorization, body ?? undefined)]).toEqual([url, 'authenticated'])
      if (signature === 'PLAINTEXT') continue
      expect(await judged(`${method}X`, url, authorization, body ?? undefined)).toMatch(/^bad-signature/)
    }
  })

  it('pass there when becauth signed them, by every method', { timeout: 60_000 }, async () => {
    const signed = await Promise.all(
      cases.map(async (one) => {
        const form = one.form === undefined ? undefined : [...new URLSearchParams(one.form)]
        const consumer: Oauth1ConsumerKey =
          one.signature === 'RSA-SHA1' || one.signature === 'RSA-SHA256'
            ? { consumerKey: 'printer', privateKey, method: one.signature }
            : { consumerKey: 'printer', consumerSecret, method: one.signature }
        const realm = 'any'
        return { ...one, authorization: await oauth1Authorization({ ...one, form }, consumer, { token, realm }) }
      }),
    )
    expect(await python(verifying, signed)).toEqual(cases.map(() => 'True'))
  })
})
