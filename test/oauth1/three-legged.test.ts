import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { authentication } from 'becauth'
import { protect } from 'becauth/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOauth1Server } from '../../examples/showcase/oauth1-server.ts'
import { type Oauth1ConsumerKey, oauth1, oauth1Authorization } from '../../src/providers/oauth1/oauth1.ts'

const consumer: Oauth1ConsumerKey = {
  consumerKey: 'printer',
  consumerSecret: 'the secret of printer',
  method: 'HMAC-SHA256',
}
const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const servers: Server[] = []
let photos = ''
let printer = ''

async function listening(make: (base: string) => RequestListener): Promise<string> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  server.on('request', make(base))
  return base
}

/** A service on which one logs in with photos and sees what photos says. */
function service(base: string): RequestListener {
  const provider = oauth1({
    server: {
      requestTokenUrl: `${photos}/oauth/request_token`,
      authorizeUrl: `${photos}/oauth/authorize`,
      accessTokenUrl: `${photos}/oauth/access_token`,
      consumer,
    },
    callbackUrl: `${base}/callback`,
    loginPath: '/login',
    keys: [{ id: 'a', key: 'the only key of this ring, 32 bytes or more' }],
  })
  const auth = authentication({ photos: provider }, { baseUrl: base })
  return protect(auth.require('photos'), async (_req, res, { principal }) => {
    const url = `${photos}/api/me`
    const authorization = await oauth1Authorization({ url }, consumer, { token: principal })
    const me = await fetch(url, { headers: { authorization } })
    res.end(JSON.stringify({ status: me.status, me: await me.json(), parameters: principal.parameters }))
  })
}

beforeAll(async () => {
  let printerBase = ''
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  servers.push(holder)
  const address = holder.address()
  printerBase = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  photos = await listening((baseUrl) =>
    createOauth1Server({
      baseUrl,
      applications: {
        printer: {
          name: 'Printer',
          callbackUrl: `${printerBase}/callback`,
          methods: ['HMAC-SHA256'],
          secret: 'the secret of printer',
        },
      },
      isPerson: (name, password) => name === 'ada' && password === 'lovelace',
    }),
  )
  holder.on('request', service(printerBase))
  printer = printerBase
})

afterAll(() => {
  for (const server of servers) server.close()
})

/** Asks as a browser's window does, which `fetch` of Node cannot: it says of itself that it is no navigation. */
async function browse(url: string | URL, cookie = ''): Promise<Response> {
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers: { ...navigation, cookie } }, resolve).once('error', reject)
  })
  const headers = new Headers(Object.entries(res.headers).map(([name, value]) => [name, String(value)]))
  return new Response(await text(res), { status: res.statusCode ?? 0, headers })
}

/** Begins a login and answers the address of the other side and the browser's cookie. */
async function begun() {
  const sent = await browse(`${printer}/login`)
  expect(sent.status).toBe(302)
  const cookie = sent.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
  return { authorize: new URL(sent.headers.get('location') ?? ''), cookie }
}

function decide(authorize: URL, fields: Readonly<Record<string, string>>): Promise<Response> {
  const token = authorize.searchParams.get('oauth_token') ?? ''
  const body = new URLSearchParams({ oauth_token: token, ...fields })
  return fetch(new URL('/oauth/authorize', authorize), { method: 'POST', body, redirect: 'manual' })
}

const allowed = { user: 'ada', password: 'lovelace', decision: 'allow' }

describe('a login by OAuth 1.0a against an embedded server', () => {
  it('goes there and back, and the token signs calls of the API', async () => {
    const { authorize, cookie } = await begun()
    expect(await (await fetch(authorize)).text()).toContain('Allow Printer to know your name?')
    const back = (await decide(authorize, allowed)).headers.get('location') ?? ''
    const arrived = await browse(back, cookie)
    expect(arrived.headers.get('set-cookie')).toContain('Max-Age=0')
    expect(await arrived.json()).toEqual({ status: 200, me: { name: 'ada' }, parameters: { user_name: 'ada' } })
    const again = await browse(back, cookie)
    expect(again.status).toBe(401)
  })

  it('is refused in another browser, whose login goes on', async () => {
    const [attacker, victim] = [await begun(), await begun()]
    const back = (await decide(attacker.authorize, allowed)).headers.get('location') ?? ''
    expect((await browse(back, victim.cookie)).status).toBe(401)
    const own = (await decide(victim.authorize, allowed)).headers.get('location') ?? ''
    expect((await browse(own, victim.cookie)).status).toBe(200)
  })

  it('is refused with a made-up verifier, and not sent round again', async () => {
    const { authorize, cookie } = await begun()
    const back = new URL((await decide(authorize, allowed)).headers.get('location') ?? '')
    back.searchParams.set('oauth_verifier', 'guess')
    const answer = await browse(back, cookie)
    expect([answer.status, answer.headers.get('location')]).toEqual([401, null])
  })

  it('ends when the person says no', async () => {
    const { authorize, cookie } = await begun()
    expect((await decide(authorize, { ...allowed, password: 'byron' })).status).toBe(401)
    const back = (await decide(authorize, { decision: 'deny' })).headers.get('location') ?? ''
    expect(back).toContain('denied=')
    expect((await browse(back, cookie)).status).toBe(401)
  })

  it('gives no credentials to a wrong secret', async () => {
    const url = `${photos}/oauth/request_token`
    const parameters = [['oauth_callback', `${printer}/callback`]] as const
    const wrong = { ...consumer, consumerSecret: 'guess' }
    const authorization = await oauth1Authorization({ method: 'POST', url }, wrong, { parameters })
    expect((await fetch(url, { method: 'POST', headers: { authorization } })).status).toBe(401)
  })
})
