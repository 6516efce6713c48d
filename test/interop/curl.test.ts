import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { service } from '../services.ts'
import { type Answer, answerIn, run } from './commands.ts'
import { type Showcase, startShowcase } from './showcase.ts'

const curl = service('curl')
const [, major = 0, minor = 0] = /^curl (\d+)\.(\d+)/.exec(curl ? (await run(curl, ['--version'])).output : '') ?? []
/** Older ones hash by SHA-256 what they call SHA-512-256. */
const knowsSha512 = Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 7)

const basicChallenge = 'Basic realm="showcase", charset="UTF-8"'
const bearerChallenge = 'Bearer realm="showcase"'
const apiKeyChallenge = 'ApiKey realm="showcase"'
const token = 'Authorization: Bearer ada-token'
const key = 'X-Api-Key: ada-key'
const long = 'a'.repeat(12_000)
const tooLong = 'a'.repeat(20_000)

describe.skipIf(curl === undefined)('the showcase, asked by curl', () => {
  let showcase: Showcase

  beforeAll(async () => {
    showcase = await startShowcase()
  })
  afterAll(async () => {
    await showcase.stop()
  })

  async function ask(path: string, args: readonly string[] = [], config: Uint8Array | string = ''): Promise<Answer> {
    const all = ['-q', '-s', '-i', '--max-time', '10', '--config', '-', ...args, `${showcase.url}${path}`]
    const { code, output } = await run(curl ?? '', all, config)
    expect(code).toBe(0)
    return answerIn(output)
  }

  const passing: readonly [what: string, path: string, args: readonly string[], body: object][] = [
    ['/basic with a password', '/basic', ['-u', 'ada:lovelace'], one('basic', 'ada')],
    ['/basic with a password beyond ASCII', '/basic', ['-u', 'grace:hopper£ü'], one('basic', 'grace')],
    ['/basic with "basic" in capitals', '/basic', ['-H', 'Authorization: BASIC YWRhOmxvdmVsYWNl'], one('basic', 'ada')],
    ['/basic with --anyauth, after the challenge', '/basic', ['-u', 'alan:enigma', '--anyauth'], one('basic', 'alan')],
    ['/basic-quiet with a password', '/basic-quiet', ['-u', 'alan:enigma'], one('quiet', 'alan')],
    ['/bearer with a token', '/bearer', ['-H', token], one('bearer', 'ada')],
    ['/bearer by --oauth2-bearer', '/bearer', ['--oauth2-bearer', 'ada-token'], one('bearer', 'ada')],
    ['/api-key with a key', '/api-key', ['-H', key], one('apiKey', 'ada')],
    ['/form with a form', '/form', ['-d', 'user=ada&password=lovelace'], one('form', 'ada')],
    ['/form with JSON', '/form', json({ user: 'grace', password: 'hopper£ü' }), one('form', 'grace')],
    ['/throttled with a form', '/throttled', ['-d', 'user=ada&password=lovelace'], one('throttled', 'ada')],
    ['/htpasswd with a password', '/htpasswd', ['-u', 'alan:enigma'], one('file', 'alan')],
    ['/htpasswd with a password beyond ASCII', '/htpasswd', ['-u', 'grace:hopper£ü'], one('file', 'grace')],
    ['/digest with a password', '/digest', ['--digest', '-u', 'ada:lovelace'], one('digest', 'ada')],
    ['/digest with a password beyond ASCII', '/digest', ['--digest', '-u', 'grace:hopper£ü'], one('digest', 'grace')],
    [
      '/digest with --anyauth, after the challenge',
      '/digest',
      ['--anyauth', '-u', 'alan:enigma'],
      one('digest', 'alan'),
    ],
    ['/any with a password', '/any', ['-u', 'alan:enigma'], one('basic', 'alan')],
    ['/any with a token', '/any', ['-H', token], one('bearer', 'ada')],
    ['/any with a key', '/any', ['-H', key], one('apiKey', 'ada')],
    ['/any with a wrong password and a right key', '/any', ['-u', 'ada:x', '-H', key], one('apiKey', 'ada')],
    ['/all with both', '/all', ['-u', 'alan:enigma', '-H', key], both('ada', 'alan')],
    ['/optional with a password', '/optional', ['-u', 'ada:lovelace'], one('basic', 'ada')],
    ['/optional with nothing, as nobody', '/optional', [], { provider: null, principal: null }],
    ['/optional with a Bearer header, as nobody', '/optional', ['-H', token], { provider: null, principal: null }],
    ['/admin with an administrator', '/admin', ['-u', 'ada:lovelace'], one('basic', 'ada')],
  ]
  it.each(passing)('lets pass %s', async (_what, path, args, body) => {
    const { status, body: text } = await ask(path, args)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({ route: path, ...body })
  })

  const invalidToken = `${bearerChallenge}, error="invalid_token"`
  const invalidRequest = `${bearerChallenge}, error="invalid_request"`
  const quietChallenge = 'xBasic realm="showcase, no prompt", charset="UTF-8"'
  const formChallenge = 'Form realm="showcase"'
  const twice = (line: string) => ['-H', line, '-H', line]
  const basicLine = 'Authorization: Basic YWRhOmxvdmVsYWNl'

  const refused: readonly [what: string, path: string, args: readonly string[], status: number, lines: string[]][] = [
    ['/basic without credentials', '/basic', [], 401, [basicChallenge]],
    ['/basic with a wrong password', '/basic', ['-u', 'ada:byron'], 401, [basicChallenge]],
    ['/basic with an unknown name', '/basic', ['-u', 'eve:lovelace'], 401, [basicChallenge]],
    ['/basic with an empty password', '/basic', ['-u', 'ada:'], 401, [basicChallenge]],
    ['/basic with no base64', '/basic', ['-H', 'Authorization: Basic %%%'], 401, [basicChallenge]],
    ['/basic with a bare scheme', '/basic', ['-H', 'Authorization: Basic'], 401, [basicChallenge]],
    ['/basic with the right line twice', '/basic', twice(basicLine), 401, [basicChallenge]],
    ['/basic with a very long password', '/basic', ['-u', `ada:${long.slice(0, 9000)}`], 401, [basicChallenge]],
    ['/basic with a token', '/basic', ['-H', token], 401, [basicChallenge]],
    ['/basic-quiet without credentials', '/basic-quiet', [], 401, [quietChallenge]],
    ['/bearer without credentials', '/bearer', [], 401, [bearerChallenge]],
    ['/bearer with a wrong token', '/bearer', ['-H', `${token}s`], 401, [invalidToken]],
    ['/bearer with two words', '/bearer', ['-H', 'Authorization: Bearer a b'], 401, [invalidToken]],
    ['/bearer with the right line twice', '/bearer', twice(token), 400, [invalidRequest]],
    ['/bearer with a very long token', '/bearer', ['-H', `Authorization: Bearer ${long}`], 401, [invalidToken]],
    ['/api-key without credentials', '/api-key', [], 401, [apiKeyChallenge]],
    ['/api-key with a wrong key', '/api-key', ['-H', 'X-Api-Key: eve-key'], 401, [apiKeyChallenge]],
    ['/api-key with an empty key', '/api-key', ['-H', 'X-Api-Key;'], 401, [apiKeyChallenge]],
    ['/api-key with a space in the key', '/api-key', ['-H', 'X-Api-Key: ada key'], 401, [apiKeyChallenge]],
    ['/api-key with the right line twice', '/api-key', twice(key), 401, [apiKeyChallenge]],
    ['/api-key with a very long key', '/api-key', ['-H', `X-Api-Key: ${long}`], 401, [apiKeyChallenge]],
    ['/form without a body', '/form', ['-X', 'POST'], 401, [formChallenge]],
    ['/form with a wrong password', '/form', ['-d', 'user=ada&password=byron'], 401, [formChallenge]],
    ['/form with a bad escape', '/form', ['-d', 'user=ada&password=%zz'], 401, [formChallenge]],
    ['/form with a user twice', '/form', ['-d', 'user=ada&user=ada&password=lovelace'], 401, [formChallenge]],
    [
      '/form with broken JSON',
      '/form',
      ['-H', 'Content-Type: application/json', '-d', '{"user":'],
      401,
      [formChallenge],
    ],
    ['/form with a large body', '/form', ['-d', `user=ada&password=${tooLong}`], 413, []],
    ['/any without credentials', '/any', [], 401, [basicChallenge, bearerChallenge, apiKeyChallenge]],
    ['/any with a token twice', '/any', twice(token), 400, [invalidRequest, basicChallenge, apiKeyChallenge]],
    ['/all without credentials', '/all', [], 401, [apiKeyChallenge]],
    ['/all with a key only', '/all', ['-H', key], 401, [basicChallenge]],
    ['/all with a password only', '/all', ['-u', 'ada:lovelace'], 401, [apiKeyChallenge]],
    ['/all with a wrong password', '/all', ['-u', 'ada:x', '-H', key], 401, [basicChallenge]],
    ['/optional with a wrong password', '/optional', ['-u', 'ada:byron'], 401, [basicChallenge]],
    ['/optional with no base64', '/optional', ['-H', 'Authorization: Basic %%%'], 401, [basicChallenge]],
    ['/admin without credentials', '/admin', [], 401, [basicChallenge]],
    ['/admin with somebody who is no administrator', '/admin', ['-u', 'alan:enigma'], 403, []],
    ['/basic with a field over 16 kB', '/basic', ['-u', `ada:${tooLong}`], 431, []],
  ]
  it.each(refused)('refuses %s', async (_what, path, args, status, challenges) => {
    const answer = await ask(path, args)
    expect(answer.status).toBe(status)
    expect(answer.all('WWW-Authenticate')).toEqual(challenges)
    if (status === 431) return
    expect(answer.all('Cache-Control')).toEqual(['no-store'])
    expect(JSON.parse(answer.body)).toMatchObject({ type: 'about:blank', status })
  })

  const login = ['--digest', '-u', 'ada:lovelace']
  // For auth-int curl hashes an empty body whatever it sends.
  const digests: readonly [what: string, path: string, args: readonly string[], status: number, reason: string][] = [
    ['a wrong password', '/digest', ['--digest', '-u', 'ada:byron'], 401, 'wrong-secret'],
    ['an unknown name', '/digest', ['--digest', '-u', 'eve:lovelace'], 401, 'wrong-secret'],
    ['half of a header', '/digest', ['-H', 'Authorization: Digest username="ada"'], 400, 'malformed-request'],
    ['its auth-int', '/digest-int', [...login, '-d', 'amount=1'], 401, 'wrong-secret'],
  ]
  it.each(digests)('refuses Digest with %s', async (_what, path, args, status, reason) => {
    const answer = await ask(path, args)
    expect(answer.status).toBe(status)
    expect(answer.all('WWW-Authenticate')).toEqual([expect.stringMatching(/^Digest realm="showcase[^"]*", qop="auth/)])
    expect(await lastReasons(path)).toEqual([reason])
  })

  it.skipIf(knowsSha512)('refuses Digest with the SHA-256 that this curl sends as SHA-512-256', async () => {
    expect((await ask('/digest-512', login)).status).toBe(401)
    expect(await lastReasons('/digest-512')).toEqual(['wrong-secret'])
  })

  /** Why the last request for this path was refused, as the live view has it. */
  async function lastReasons(path: string): Promise<readonly unknown[]> {
    const { output } = await run(curl ?? '', ['-q', '-s', '-N', '--max-time', '0.3', `${showcase.url}/events`])
    const events = output.match(/^data: \{.*$/gm) ?? []
    const last = events
      .map((event) => JSON.parse(event.slice('data: '.length)))
      .findLast((event) => event.path === path)
    return last.decision.failures.map(({ reason }: { reason?: string }) => reason)
  }

  it('answers 413 to a body that curl announces with Expect: 100-continue', async () => {
    const answer = await ask('/form', ['-H', 'Expect: 100-continue', '-d', `user=ada&password=${'a'.repeat(100_000)}`])
    expect(answer.status).toBe(413)
  })

  it.each([
    ['with credentials', ['-u', 'ada:lovelace']],
    ['without', []],
  ])('answers 503 on /down %s, says when to come back, and does not challenge', async (_how, args) => {
    const answer = await ask('/down', args)
    expect(answer.status).toBe(503)
    expect(answer.all('Retry-After')).toEqual(['30'])
    expect(answer.all('WWW-Authenticate')).toEqual([])
  })

  it('reads a Latin-1 password where the provider is set to it, and only there', async () => {
    const config = Buffer.from('user = "grace:hopper£ü"\n', 'latin1')
    const latin1 = await ask('/basic-latin1', [], config)
    expect(JSON.parse(latin1.body)).toEqual({ route: '/basic-latin1', ...one('latin1', 'grace') })
    expect((await ask('/basic', [], config)).status).toBe(401)
    expect((await ask('/basic-latin1', ['-u', 'grace:hopper£ü'])).status).toBe(401)
  })

  it('decides HEAD like GET and sends no body', async () => {
    expect(await ask('/basic', ['-I'])).toMatchObject({ status: 401, body: '' })
    expect(await ask('/basic', ['-I', '-u', 'ada:lovelace'])).toMatchObject({ status: 200, body: '' })
  })
})

function one(provider: string, name: string): object {
  return { provider, principal: expect.objectContaining({ name }) }
}

function both(apiKey: string, basic: string): object {
  return {
    principals: { apiKey: expect.objectContaining({ name: apiKey }), basic: expect.objectContaining({ name: basic }) },
  }
}

function json(value: object): readonly string[] {
  return ['-H', 'Content-Type: application/json', '-d', JSON.stringify(value)]
}
