import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { service } from '../../../test/services.ts'
import { invalidCredentials } from '../../core/cause.ts'
import { htdigest } from './htdigest.ts'

const folder = mkdtempSync(join(tmpdir(), 'becauth-htdigest-'))
afterAll(() => rmSync(folder, { recursive: true }))

const context = { signal: new AbortController().signal }
const [unknown, wrongSecret] = [invalidCredentials('unknown'), invalidCredentials('wrong-secret')]
const md5 = '85af747332a435ef3e0de31803c577b9'
const sha256 = '25875ddfcf393b010bcc45abe38767e2ebf14cf611fd260d073ef01f32fced33'
const realm = 'test realm'

let files = 0
function fileOf(content: string): string {
  files += 1
  const path = join(folder, `file-${files}`)
  writeFileSync(path, content)
  utimesSync(path, 1000, 1000)
  return path
}

interface Case {
  readonly user: string
  readonly realm: string
  readonly password: string
  readonly line: string
}

const { cases }: { cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/06-passwords/htdigest.json', import.meta.url), 'utf8'),
)

describe('htdigest()', () => {
  it.each(cases)('reads the line of $user in $realm', async ({ user, password, line, ...of }) => {
    const users = htdigest(fileOf(`# comment\n\n${line}\r\n`))
    expect(await users.ha1(user, of.realm, 'MD5')).toBe(line.split(':').at(-1))
    const validate = users.verifier({ realm: of.realm })
    expect(await validate({ username: user, password }, context)).toEqual({ name: user })
    expect(await validate({ username: user, password: `${password}x` }, context)).toEqual(wrongSecret)
    expect(await validate({ username: `${user}x`, password }, context)).toEqual(unknown)
    expect(await users.verifier({ realm: 'other' })({ username: user, password }, context)).toEqual(unknown)
  })

  it('tells hashes of MD5 from those of SHA-256 by their length; there are none of SHA-512-256', async () => {
    const users = htdigest(
      fileOf(`alice:${realm}:${md5}\nalice:${realm}:${sha256.toUpperCase()}\nbob:${realm}:${sha256}`),
    )
    expect(await users.ha1('alice', realm, 'MD5')).toBe(md5)
    expect(await users.ha1('alice', realm, 'SHA-256')).toBe(sha256)
    expect(await users.ha1('alice', realm, 'SHA-512-256')).toBeNull()
    expect(await users.ha1('bob', realm, 'MD5')).toBeNull()
    expect(await users.ha1('carol', realm, 'MD5')).toBeNull()
    const validate = users.verifier({ realm })
    expect(await validate({ username: 'alice', password: 'secret' }, context)).toEqual({ name: 'alice' })
    expect(await validate({ username: 'alice', password: 'Secret' }, context)).toEqual(wrongSecret)
  })

  it('takes the first line of a user, realm and kind', async () => {
    const other = 'f'.repeat(32)
    const users = htdigest(fileOf(`alice:${realm}:${md5}\nalice:${realm}:${other}\nalice:x:${other}\n`))
    expect(await users.ha1('alice', realm, 'MD5')).toBe(md5)
    expect(await users.ha1('alice', 'x', 'MD5')).toBe(other)
  })

  it('does not confuse a colon in a name with the one before the realm', async () => {
    const users = htdigest(fileOf(`a:b:${md5}\n`))
    expect(await users.ha1('a', 'b', 'MD5')).toBe(md5)
    expect(await users.ha1('a:b', '', 'MD5')).toBeNull()
    expect(await users.ha1('', 'a:b', 'MD5')).toBeNull()
  })

  it('finds a user by userhash, in the realm and algorithm asked for', async () => {
    const users = htdigest(fileOf(`Mufasa:http-auth@example.org:${md5}\nalice:${realm}:${sha256}\n`))
    // md5("Mufasa:http-auth@example.org") and sha256("alice:test realm"), by md5sum and sha256sum.
    const mufasa = '4238f3a16167373febb9bc4d43db9cc4'
    const alice = '3070ae5a3c9037db45bb8019408a94de8bf93b837a8355a6bc2e16fcae07dc3b'
    expect(await users.usernameOf(mufasa, 'http-auth@example.org', 'MD5')).toBe('Mufasa')
    expect(await users.usernameOf(mufasa, realm, 'MD5')).toBeNull()
    expect(await users.usernameOf(mufasa, 'http-auth@example.org', 'SHA-256')).toBeNull()
    expect(await users.usernameOf(alice, realm, 'SHA-256')).toBe('alice')
    expect(await users.usernameOf(alice, realm, 'SHA-512-256')).toBeNull()
  })

  it('tries a password and a name as received, then in NFC', async () => {
    const [{ user = '', password = '', line = '', ...of } = { realm: '' }] = cases.slice(-1)
    const validate = htdigest(fileOf(line)).verifier({ realm: of.realm })
    expect(await validate({ username: user.normalize('NFD'), password: password.normalize('NFD') }, context)).toEqual({
      name: user,
    })
  })

  it.each(['secret\0', 'x'.repeat(1025), 'ä'.repeat(513)])(
    'refuses the password %#, whatever it hashes to',
    async (password) => {
      const validate = htdigest(fileOf(`alice:${realm}:${md5}\n`)).verifier({ realm })
      expect(await validate({ username: 'alice', password }, context)).toEqual(wrongSecret)
    },
  )

  it('maps names to principals', async () => {
    const users = htdigest(fileOf(`alice:${realm}:${md5}\n`))
    const validate = users.verifier({ realm, principal: (name) => ({ id: name.length }) })
    expect(await validate({ username: 'alice', password: 'secret' }, context)).toEqual({ id: 5 })
  })

  it('answers at once while what it knows is fresh', async () => {
    const users = htdigest(fileOf(`alice:${realm}:${md5}\n`), { clock: () => 1_000_000 })
    expect(users.ha1('alice', realm, 'MD5')).toBeInstanceOf(Promise)
    await users.ha1('alice', realm, 'MD5')
    expect(users.ha1('alice', realm, 'MD5')).toBe(md5)
  })

  it('follows the file', async () => {
    let time = 1_000_000
    const path = fileOf(`alice:${realm}:${md5}\n`)
    const users = htdigest(path, { clock: () => time })
    expect(await users.usernameOf('2b174fe07d0f1caf1cf726f4d1c67c2d', realm, 'MD5')).toBe('alice')
    writeFileSync(path, `bob:${realm}:${md5}\n`)
    time += 1
    expect(await users.usernameOf('2b174fe07d0f1caf1cf726f4d1c67c2d', realm, 'MD5')).toBeNull()
    expect(await users.ha1('bob', realm, 'MD5')).toBe(md5)
  })

  it.each([
    ['two fields', `alice:${md5}`],
    ['a hash of 31 digits', `alice:${realm}:${md5.slice(1)}`],
    ['a hash that is not hexadecimal', `alice:${realm}:${md5.slice(1)}g`],
    ['no hash', `alice:${realm}:`],
    ['no name', `:${realm}:${md5}`],
  ])('answers an Error for a line with %s, and quotes nothing of it', async (_name, line) => {
    const error: unknown = await Promise.resolve(htdigest(fileOf(line)).ha1('alice', realm, 'MD5')).catch(
      (e: unknown) => e,
    )
    expect(error).toMatchObject({ code: 'file-broken', message: 'htdigest(): line 1 is not well-formed' })
  })

  it.each([[['']], [['x', { maximumBytes: 1e9 }]]])('refuses %j at construction', (all) => {
    expect(() => Reflect.apply(htdigest, undefined, all)).toThrow(/^htdigest\(\): "(file|maximumBytes)"/)
  })

  it.each([undefined, {}, { realm: '' }, { realm, principal: 1 }])('refuses a verifier with %j', (options) => {
    const { verifier } = htdigest('x')
    expect(() => Reflect.apply(verifier, undefined, [options])).toThrow(TypeError)
  })
})

const program = service('htdigest')

describe.skipIf(program === undefined)('a file written by Apache’s htdigest', () => {
  it('is read back', async () => {
    const path = join(folder, 'apache')
    // It asks for the password twice.
    for (const [flags, name] of [
      [['-c'], 'alice'],
      [[], 'Jäsøn Doe'],
    ] as const) {
      const { status } = spawnSync(program ?? '', [...flags, path, realm, name], { input: 'p:ä ß\np:ä ß\n' })
      expect(status).toBe(0)
    }
    const validate = htdigest(path).verifier({ realm })
    for (const username of ['alice', 'Jäsøn Doe']) {
      expect(await validate({ username, password: 'p:ä ß' }, context)).toEqual({ name: username })
      expect(await validate({ username, password: 'p:ä s' }, context)).toEqual(wrongSecret)
    }
  })
})
