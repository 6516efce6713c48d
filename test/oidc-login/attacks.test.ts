import { generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { memoryOneTimeStore } from '../../src/stores/memory/index.ts'
import { ISSUER, kit, origin, transactionsIn } from './kit.ts'

describe('login CSRF and stolen answers', () => {
  it('refuses an answer in a browser that began no login', async () => {
    const { begin, comeBack, newBrowser, said, issuer } = await kit()
    const { parameters } = await begin()
    expect(said(await comeBack({ browser: newBrowser(), parameters }))).toEqual([401, 'unknown'])
    expect(issuer.tokenRequests).toEqual([])
  })

  it('refuses an error in a browser that began no login, before anything else is done with it', async () => {
    const { begin, comeBack, newBrowser, said } = await kit()
    const { parameters } = await begin()
    const response = await comeBack({ browser: newBrowser(), parameters }, { error: 'access_denied' })
    expect(said(response)).toEqual([401, 'unknown'])
  })

  it('refuses an answer without a state', async () => {
    const { begin, comeBack, said } = await kit()
    expect(said(await comeBack(await begin(), { state: '', code: 'c' }))).toEqual([401, 'malformed-request'])
  })

  it('refuses a code that was stolen from another browser: its id_token has another nonce', async () => {
    const { begin, comeBack, said, issuer } = await kit()
    const mine = await begin()
    await begin()
    // The nonce of the second login, and the answer in the browser of the first.
    expect(said(await comeBack(mine, { code: 'stolen' }))).toEqual([401, 'replayed'])
    expect(issuer.tokenRequests).toHaveLength(1)
  })

  it('sends the verifier of its own login with any code, so that an injected code is of no use', async () => {
    const { begin, comeBack, issuer } = await kit()
    const under = await begin()
    await comeBack(under, { code: 'injected' })
    const verifier = issuer.tokenRequests[0]?.form.get('code_verifier') ?? ''
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
    expect(Buffer.from(digest).toString('base64url')).toBe(under.parameters.get('code_challenge'))
    expect(under.parameters.get('code_challenge_method')).toBe('S256')
  })

  it('refuses an answer that comes twice, also with the cookie planted again', async () => {
    const { begin, comeBack, said } = await kit()
    const under = await begin()
    const before = new Map(under.browser.jar(origin))
    expect((await comeBack(under)).status).toBe(303)
    expect(transactionsIn(under.browser)).toEqual([])
    under.browser.jar(origin).clear()
    for (const [name, value] of before) under.browser.jar(origin).set(name, value)
    expect(said(await comeBack(under))).toEqual([401, 'replayed'])
  })

  it('lets one of two parallel answers in', async () => {
    const { begin, comeBack } = await kit()
    const under = await begin()
    const statuses = await Promise.all([comeBack(under), comeBack(under)].map(async (one) => (await one).status))
    expect(statuses.toSorted()).toEqual([303, 401])
  })

  it('refuses an answer after ten minutes', async () => {
    const { begin, comeBack, said, time } = await kit()
    const under = await begin()
    time.now += 600
    expect(said(await comeBack(under))).toEqual([401, 'expired'])
  })

  it('refuses the cookie of one login under the name of another (state fixation)', async () => {
    const { begin, comeBack, newBrowser, said } = await kit()
    const attacker = await begin()
    const victim = await begin('/me', newBrowser())
    const [own = ''] = transactionsIn(attacker.browser)
    const [planted = ''] = transactionsIn(victim.browser)
    victim.browser.jar(origin).set(planted, attacker.browser.jar(origin).get(own) ?? '')
    expect(said(await comeBack(victim))).toEqual([401, 'bad-signature'])
  })

  it('leads an answer that is opened again to the start when somebody is logged in', async () => {
    const { begin, comeBack } = await kit()
    const under = await begin()
    await comeBack(under)
    const again = await comeBack(under)
    expect([again.status, again.headers.get('location')]).toEqual([303, '/'])
  })

  it('takes only the answer that it asked for', async () => {
    const { begin, comeBack, said, service } = await kit()
    const under = await begin()
    expect(said(await comeBack(under, { code: 'c', error: 'no' }))).toEqual([401, 'malformed-request'])
    const twice = await service.handle(
      new Request(`${origin}/callback/office?code=a&code=b&state=${under.parameters.get('state')}`),
    )
    expect(said(twice)).toEqual([401, 'malformed-request'])
    const posted = new URLSearchParams({ code: 'c', state: under.parameters.get('state') ?? '' })
    const answer = await under.browser.ask(`${origin}/callback/office`, { method: 'POST', body: posted })
    expect(said(answer)).toEqual([401, 'malformed-request'])
  })

  it('says 503, and lets nobody in, when the store cannot say whether the answer came before', async () => {
    const store = memoryOneTimeStore()
    const broken = { ...store, consume: () => Promise.reject(new Error('store down')) }
    const { begin, comeBack, issuer } = await kit({ client: { store: broken } })
    expect((await comeBack(await begin())).status).toBe(503)
    expect(issuer.tokenRequests).toEqual([])
  })
})

describe('mix-up', () => {
  it.each([
    ['with RFC 9207', { iss: 'https://evil.example' }, true],
    ['with RFC 9207 left out by the answer', {}, true],
    ['with an iss that nobody promised', { iss: 'https://evil.example' }, false],
  ])('refuses the answer of another server %s', async (_name, answer, promised) => {
    const { begin, comeBack, said, issuer } = await kit()
    issuer.metadata = { authorization_response_iss_parameter_supported: promised }
    expect(said(await comeBack(await begin(), { code: 'c', ...answer }))).toEqual([401, 'wrong-issuer'])
    expect(issuer.tokenRequests).toEqual([])
  })

  it('takes the answer of the right server', async () => {
    const { begin, comeBack, issuer } = await kit()
    issuer.metadata = { authorization_response_iss_parameter_supported: true }
    expect((await comeBack(await begin(), { code: 'c', iss: ISSUER })).status).toBe(303)
  })
})

describe('PKCE downgrade', () => {
  it.each([[['plain']], [undefined]])('begins no login where the metadata name %j', async (methods) => {
    const { issuer, newBrowser } = await kit()
    issuer.metadata = { code_challenge_methods_supported: methods }
    const response = await newBrowser().ask(`${origin}/login`)
    expect(response.status).toBe(401)
    expect(response.headers.get('location')).toBeNull()
  })

  it('begins one where the developer knows better than metadata that say nothing, not better than those that say no', async () => {
    const { issuer, newBrowser, time } = await kit({ settings: { assumesS256: true } })
    issuer.metadata = { code_challenge_methods_supported: undefined }
    expect((await newBrowser().ask(`${origin}/login`)).status).toBe(302)
    issuer.metadata = { code_challenge_methods_supported: ['plain'] }
    time.now += 3601
    expect((await newBrowser().ask(`${origin}/login`)).status).toBe(401)
  })
})

describe('metadata that send this service to itself', () => {
  it.each(['authorization_endpoint', 'token_endpoint', 'jwks_uri'])('by their %s are not followed', async (name) => {
    const { issuer, newBrowser } = await kit()
    issuer.metadata = { [name]: 'http://127.0.0.1:8500/v1' }
    expect((await newBrowser().go(`${origin}/me`)).response?.status).toBe(503)
    expect(issuer.asked).toEqual(['GET /.well-known/openid-configuration'])
  })
})

describe('open redirect', () => {
  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', '/.//evil.example', 'javascript:alert(1)'])(
    'leads to the start instead of %s',
    async (place) => {
      const { begin, comeBack } = await kit()
      const response = await comeBack(await begin(`/login?returnTo=${encodeURIComponent(place)}`))
      expect([response.status, response.headers.get('location')]).toEqual([303, '/'])
    },
  )

  it('keeps a place of its own, and gives up one that makes the cookie too large', async () => {
    const { begin, comeBack } = await kit()
    const under = await begin(`/login?returnTo=${encodeURIComponent('/orders?page=2')}`)
    expect((await comeBack(under)).headers.get('location')).toBe('/orders?page=2')
    const long = await begin(`/login?returnTo=/${'a'.repeat(1500)}`)
    const [name = ''] = transactionsIn(long.browser)
    expect(`${name}=${long.browser.jar(origin).get(name)}`.length).toBeLessThanOrEqual(1536)
    expect((await comeBack(long)).headers.get('location')).toBe('/')
  })
})

describe('the id_token', () => {
  it('is refused with a foreign signature under the id of the right key', async () => {
    const { begin, comeBack, said, issuer } = await kit()
    const { privateKey } = await generateKeyPair('ES256')
    issuer.signer = { key: privateKey, alg: 'ES256', kid: 'es' }
    expect(said(await comeBack(await begin()))).toEqual([401, 'bad-signature'])
  })

  it('is refused with a key that the issuer does not have', async () => {
    const { begin, comeBack, said, issuer } = await kit()
    const { privateKey } = await generateKeyPair('ES256')
    issuer.signer = { key: privateKey, alg: 'ES256', kid: 'another' }
    expect(said(await comeBack(await begin()))).toEqual([401, 'unknown-key'])
  })

  it('is refused when it is signed by the public key or the secret as if they were one (alg confusion)', async () => {
    const { begin, comeBack, issuer } = await kit()
    for (const key of [JSON.stringify(issuer.publicJwk), 'open & sesame']) {
      issuer.signer = { key: new TextEncoder().encode(key), alg: 'HS256', kid: 'es' }
      expect((await comeBack(await begin())).status).toBe(401)
    }
  })

  it('is refused without a signature', async () => {
    const { begin, comeBack, issuer } = await kit()
    const bare = async () => {
      const [, payload] = (await issuer.idToken()).split('.')
      const header = Buffer.from('{"alg":"none"}').toString('base64url')
      return Response.json({ ...(await issuer.tokens()), id_token: `${header}.${payload}.` })
    }
    issuer.token = bare
    expect((await comeBack(await begin())).status).toBe(401)
  })

  it.each([
    ['made for another client', { aud: 'billing' }, 'wrong-audience'],
    ['made by another issuer', { iss: 'https://evil.example' }, 'wrong-issuer'],
    ['given to another party', { azp: 'billing' }, 'wrong-audience'],
    ['for several, without saying to whom it was given', { aud: ['orders', 'billing'] }, 'wrong-audience'],
    ['over', { exp: 1_799_999_990 }, 'expired'],
    ['of another login', { nonce: 'other' }, 'replayed'],
    ['with the hash of another access token', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'bad-signature'],
  ])('is refused when it is %s', async (_name, claims, reason) => {
    const { begin, comeBack, said, issuer } = await kit()
    issuer.claims = claims
    expect(said(await comeBack(await begin()))).toEqual([401, reason])
  })

  it('must be there', async () => {
    const { begin, comeBack, issuer } = await kit()
    issuer.token = () => Response.json({ access_token: 'at', token_type: 'Bearer' })
    expect((await comeBack(await begin())).status).toBe(503)
  })

  it('is judged by the clock of the service', async () => {
    const { begin, comeBack, issuer, time } = await kit()
    time.now += 86_400 * 365
    issuer.claims = { exp: time.now + 10 }
    expect((await comeBack(await begin())).status).toBe(303)
  })
})

describe('a signed answer (JARM)', () => {
  const signed = { settings: { responseMode: 'query.jwt' } } as const

  it('is read when the issuer signed it, and refused when somebody else did', async () => {
    const { begin, comeBack, said, issuer } = await kit(signed)
    const good = await begin()
    expect((await comeBack(good, { response: await issuer.signedAnswer(good.parameters) })).status).toBe(303)
    const bad = await begin()
    const { privateKey } = await generateKeyPair('ES256')
    issuer.signer = { key: privateKey, alg: 'ES256', kid: 'es' }
    expect(said(await comeBack(bad, { response: await issuer.signedAnswer(bad.parameters) }))).toEqual([
      401,
      'bad-signature',
    ])
    expect(issuer.tokenRequests).toHaveLength(1)
  })

  it.each([
    ['another client', { aud: 'billing' }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['before', { exp: 1 }],
  ])('is refused when it was made for or by %s', async (_name, claims) => {
    const { begin, comeBack, issuer } = await kit(signed)
    const under = await begin()
    const response = await issuer.signedAnswer(under.parameters, claims)
    expect((await comeBack(under, { response })).status).toBe(401)
    expect(issuer.tokenRequests).toEqual([])
  })

  it('cannot be left out', async () => {
    const { begin, comeBack, said, issuer } = await kit(signed)
    expect(said(await comeBack(await begin()))).toEqual([401, 'malformed-request'])
    expect(issuer.tokenRequests).toEqual([])
  })

  it('with an error is believed when its signature is right', async () => {
    const { begin, comeBack, said, issuer } = await kit(signed)
    const denied = { code: undefined, error: 'access_denied' }
    const good = await begin()
    const response = await comeBack(good, { response: await issuer.signedAnswer(good.parameters, denied) })
    expect(said(response)).toEqual([401, 'oauth2-redirect'])
    const bad = await begin()
    issuer.signer = { key: (await generateKeyPair('ES256')).privateKey, alg: 'ES256', kid: 'es' }
    const forged = await comeBack(bad, { response: await issuer.signedAnswer(bad.parameters, denied) })
    expect(said(forged)).toEqual([401, 'bad-signature'])
  })
})

describe('the token endpoint', () => {
  it.each([
    ['redirects', () => Response.redirect('https://evil.example/', 307)],
    ['answers more than 256 KiB', () => new Response('x'.repeat(262_145))],
    ['fails', () => new Response('no', { status: 500 })],
    ['answers nonsense', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
  ])('that %s is an outage, and nobody is let in', async (_name, token) => {
    const { begin, comeBack, issuer } = await kit()
    issuer.token = token
    const response = await comeBack(await begin())
    expect(response.status).toBe(503)
    expect(issuer.asked.filter((one) => one === 'POST /token')).toHaveLength(1)
  })

  it('that never answers is an outage after the time that is allowed', async () => {
    const { begin, comeBack, issuer } = await kit({ client: { timeoutSeconds: 0.1 } })
    issuer.token = () => new Promise(() => {})
    expect((await comeBack(await begin())).status).toBe(503)
  })

  it.each([
    ['invalid_grant', 'oauth2-invalid-grant'],
    ['invalid_client', 'oauth2-token'],
  ])('that says %s ends the login with a page, and no redirect (D29)', async (error, code) => {
    const { begin, comeBack, said, issuer } = await kit()
    issuer.token = () => Response.json({ error }, { status: 400 })
    const response = await comeBack(await begin())
    expect(said(response)).toEqual([401, code])
    expect(response.headers.get('location')).toBeNull()
    expect(await response.text()).toBe('<h1>No login</h1>')
  })

  it('gets one kind of client authentication, no state, and nothing in its URL (D27, D53)', async () => {
    const { begin, comeBack, issuer } = await kit()
    await comeBack(await begin())
    const [request] = issuer.tokenRequests
    expect(request?.url).toBe(`${ISSUER}/token`)
    expect([...(request?.form.keys() ?? [])].toSorted()).toEqual([
      'code',
      'code_verifier',
      'grant_type',
      'redirect_uri',
    ])
    expect(request?.headers.get('authorization')).toBe(`Basic ${btoa('orders:open+%26+sesame')}`)
  })
})

describe('the cookies of logins under way', () => {
  it('are five at most: the oldest goes', async () => {
    const { begin, newBrowser, comeBack, time } = await kit()
    const browser = newBrowser()
    const all = []
    for (let count = 0; count < 6; count++) {
      all.push(await begin('/me', browser))
      time.now += 1
    }
    expect(transactionsIn(browser)).toHaveLength(5)
    const [first, , third] = all
    expect(first && (await comeBack(first)).status).toBe(401)
    expect(third && (await begin('/me', browser)) && transactionsIn(browser)).toHaveLength(5)
  })

  it('let two tabs log in one after the other', async () => {
    const { begin, comeBack, newBrowser, issuer } = await kit()
    const browser = newBrowser()
    const one = await begin('/login?returnTo=/one', browser)
    const two = await begin('/login?returnTo=/two', browser)
    expect((await comeBack(two)).headers.get('location')).toBe('/two')
    issuer.nonce = one.parameters.get('nonce') ?? ''
    expect((await comeBack(one)).headers.get('location')).toBe('/one')
  })
})
