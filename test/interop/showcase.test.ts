import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { connect } from 'node:net'
import { parseChallenges } from 'becauth/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { respond } from '../digest/client.ts'
import { runShowcase, type Showcase, startShowcase } from './showcase.ts'

describe('the showcase', () => {
  let showcase: Showcase

  beforeAll(async () => {
    showcase = await startShowcase()
  })
  afterAll(async () => {
    await showcase.stop()
  })

  it('prints its address and three curl lines', () => {
    expect(showcase.greeting.split('\n')[0]).toBe(`becauth showcase: ${showcase.url}`)
    expect(showcase.greeting.match(/^ {2}curl -i .* http:\/\/127\.0\.0\.1:\d+\/\w+$/gm)).toHaveLength(3)
  })

  it('listens on 127.0.0.1 only', async () => {
    const socket = connect(showcase.port, '::1')
    const [error] = await once(socket, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('says that it is well', async () => {
    const answer = await fetch(`${showcase.url}/healthz`)
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }])
  })

  it.each(['/nothing', '/basic/', '/BASIC', '//basic', '/page.html', '/..%2fmain.js', '/constructor'])(
    'answers 404 as a problem document to %s',
    async (path) => {
      const answer = await fetch(showcase.url + path)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect([answer.status, await answer.json()]).toEqual([
        404,
        { type: 'about:blank', title: 'Not Found', status: 404 },
      ])
    },
  )

  it.each([
    ['DELETE', '/basic', 'GET, HEAD'],
    ['GET', '/form', 'POST'],
    ['POST', '/', 'GET, HEAD'],
    ['PUT', '/events', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['OPTIONS', '/any', 'GET, HEAD'],
    ['PUT', '/login', 'GET, HEAD, POST'],
    ['DELETE', '/sessions', 'GET, HEAD, POST'],
    ['GET', '/logout', 'POST'],
    ['GET', '/token', 'POST'],
    ['GET', '/mcp', 'POST'],
    ['POST', '/oauth1', 'GET, HEAD'],
    ['POST', '/sso', 'GET, HEAD'],
    ['PUT', '/sso/logout', 'GET, HEAD, POST'],
    ['DELETE', '/.well-known/oauth-protected-resource/mcp', 'GET, HEAD, OPTIONS'],
  ])('answers 405 to %s %s and says what is allowed', async (method, path, allow) => {
    const answer = await fetch(showcase.url + path, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
    expect(await answer.json()).toMatchObject({ status: 405 })
  })

  it('takes an absolute URL as the target of a request', async () => {
    const path = `${showcase.url}/basic?x=1`
    const answer = get({ port: showcase.port, host: '127.0.0.1', path, auth: 'ada:lovelace' })
    const [response] = await once(answer, 'response')
    response.resume()
    expect(response.statusCode).toBe(200)
  })

  it('lists every route with its curl line on a page that runs nothing from elsewhere', async () => {
    const answer = await fetch(showcase.url)
    const page = await answer.text()
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'")
    for (const path of [
      'basic',
      'basic-latin1',
      'bearer',
      'api-key',
      'form',
      'throttled',
      'htpasswd',
      'digest',
      'digest-512',
      'digest-int',
      'any',
      'all',
      'optional',
      'admin',
      'down',
      'login',
      'me',
      'sessions',
      'logout',
      'token',
      'jwt',
      'orders',
      'transfer',
      'dpop',
      'mcp',
      'oauth1',
      'sso',
      'sso/me',
      'sso/logout',
    ]) {
      expect(page).toMatch(new RegExp(`curl -i [^\n]* ${showcase.url}/${path}<`))
    }
    expect(page).not.toMatch(/<script(?! src="\/)|\son\w+=|style=|https?:\/\/(?!127\.0\.0\.1)/)
    for (const file of ['/style.css', '/live.js', '/icon.svg']) expect(page).toContain(`"${file}"`)
    for (const file of ['/style.css', '/live.js', '/digest.js', '/token.js', '/icon.svg']) {
      expect((await fetch(showcase.url + file)).status).toBe(200)
    }
  })

  it('sends the head of every page file for HEAD', async () => {
    for (const path of ['/', '/style.css', '/events', '/healthz']) {
      const answer = await fetch(showcase.url + path, { method: 'HEAD' })
      expect([answer.status, await answer.text()]).toEqual([200, ''])
    }
  })

  it('shows late viewers the last hundred requests, and nothing that a client sent but method and path', async () => {
    const canary = 'canary-8471'
    const headers = { Authorization: `Bearer ${canary}`, 'X-Api-Key': canary, Cookie: canary, 'User-Agent': canary }
    for (let count = 0; count < 104; count++) await fetch(`${showcase.url}/any?${canary}`, { headers })
    await fetch(`${showcase.url}/form`, {
      method: 'POST',
      body: new URLSearchParams({ user: canary, password: canary }),
    })
    await fetch(`${showcase.url}/down`)
    const text = await firstEvents(`${showcase.url}/events`, '"path":"/down"')
    const entries = text.match(/^data: \{.*$/gm) ?? []
    expect(entries).toHaveLength(100)
    expect(text).not.toContain(canary)
    expect(JSON.parse(entries[0]?.slice('data: '.length) ?? '')).toMatchObject({
      method: 'GET',
      path: '/any',
      status: 401,
      decision: {
        requirement: 'anyOf(basic, bearer, apiKey)',
        outcome: 'rejected',
        failures: [
          { provider: 'basic', kind: 'NoCredentials' },
          { provider: 'bearer', kind: 'InvalidCredentials', reason: 'unknown', meaning: expect.any(String) },
          { provider: 'apiKey', kind: 'InvalidCredentials', reason: 'unknown' },
        ],
      },
    })
    expect(JSON.parse(entries[99]?.slice('data: '.length) ?? '')).toMatchObject({
      path: '/down',
      status: 503,
      notes: [expect.stringContaining('DirectoryDown')],
      decision: { failures: [{ provider: 'directory', kind: 'Error', code: 'directory-down' }] },
    })
  })
})

describe('the live view of the showcase', () => {
  let showcase: Showcase

  beforeAll(async () => {
    showcase = await startShowcase()
  })
  afterAll(async () => {
    await showcase.stop()
  })

  const seen = async (path: string): Promise<unknown> => {
    const text = await firstEvents(`${showcase.url}/events`, `"path":"${path}"`)
    return JSON.parse(
      text
        .match(/^data: \{.*$/gm)
        ?.at(-1)
        ?.slice('data: '.length) ?? '',
    )
  }

  it('shows age and count of a nonce, and that an invented one is stale, but neither nonce, cnonce nor response', async () => {
    const login = { username: 'ada', password: 'lovelace', uri: '/digest', cnonce: 'canary-cnonce', nc: 300 }
    const challenged = await fetch(`${showcase.url}/digest`)
    const [challenge] = parseChallenges(challenged.headers.get('www-authenticate') ?? '') ?? []
    const header = respond(challenge, login)
    const fresh = await fetch(`${showcase.url}/digest`, { headers: { Authorization: header } })
    expect(fresh.status).toBe(200)
    expect(await seen('/digest')).toMatchObject({
      status: 200,
      stale: false,
      digest: { nonceAgeSeconds: expect.closeTo(0, -1), count: 300 },
    })
    const parameters = new Map(challenge?.parameters).set('nonce', 'canary-nonce')
    const invented = respond({ scheme: 'Digest', parameters }, login)
    await fetch(`${showcase.url}/digest`, { headers: { Authorization: invented } })
    expect(await seen('/digest')).toMatchObject({ status: 401, stale: true, digest: { count: 300 } })
    const text = await firstEvents(`${showcase.url}/events`, '"stale":true')
    expect(text).not.toMatch(/canary|"nonce"|response/)
    for (const sent of [header, invented]) expect(text).not.toContain(/response="(\w+)"/.exec(sent)?.[1])
  })

  it('shows how the wait of a throttled login is asked for', async () => {
    const body = () => new URLSearchParams({ user: 'alan', password: 'turing' })
    const statuses: number[] = []
    for (let count = 0; count < 4; count++) {
      const answer = await fetch(`${showcase.url}/throttled`, { method: 'POST', body: body() })
      statuses.push(answer.status)
    }
    expect(statuses).toEqual([401, 401, 401, 429])
    expect(await seen('/throttled')).toMatchObject({ status: 429, retryAfterSeconds: 2 })
  })
})

describe('the end of the showcase', () => {
  it('comes within a second of SIGTERM, with viewers, idle connections and a half-sent request', async () => {
    const showcase = await startShowcase()
    const viewer = await fetch(`${showcase.url}/events`)
    const idle = connect(showcase.port, '127.0.0.1').on('error', () => undefined)
    const half = connect(showcase.port, '127.0.0.1').on('error', () => undefined)
    await Promise.all([once(idle, 'connect'), once(half, 'connect')])
    half.write(
      'POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"user":',
    )
    await fetch(`${showcase.url}/healthz`)
    const ending = await showcase.stop()
    expect(ending).toMatchObject({ code: 0, signal: null, errors: '' })
    expect(ending.milliseconds).toBeLessThan(1000)
    expect(await viewer.text()).toContain('event: hello')
    idle.destroy()
    half.destroy()
  })

  it.each(['x', '-1', '65536', '3000.5', '0x10'])('is at once when PORT is %s, in a sentence', async (port) => {
    const { code, said } = await ended(port)
    expect([code, said]).toEqual([1, 'PORT must be a whole number from 0 to 65535; 0 takes any free port.\n'])
  })

  it('is at once when the port is taken, in a sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { code, said } = await ended(String(port))
    expect([code, said]).toEqual([1, `Port ${port} is taken. Choose another one: PORT=3001 npm start\n`])
    other.close()
  })
})

/** Reads a stream of events until it has shown this text. */
async function firstEvents(url: string, until: string): Promise<string> {
  const answer = await fetch(url)
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.includes(until) && text.endsWith('\n\n')) break
  }
  return text
}

async function ended(port: string): Promise<{ code: number | null; said: string }> {
  const child = runShowcase(port)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = await once(child, 'close')
  return { code, said }
}
