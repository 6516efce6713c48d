import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { service } from '../../../test/services.ts'
import { authentication } from '../../core/authentication.ts'
import { AuthenticationError, invalidCredentials } from '../../core/cause.ts'
import { legacyFormats } from '../../password/formats/legacy-formats.ts'
import { passwords } from '../../password/passwords.ts'
import { basic } from '../../providers/basic/basic.ts'
import { testRequest } from '../../testing/request.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import { encodeUtf8 } from '../../wire/text.ts'
import { type HashVerifier, htpasswd, parseHtpasswd } from './htpasswd.ts'

const folder = mkdtempSync(join(tmpdir(), 'becauth-htpasswd-'))
afterAll(() => rmSync(folder, { recursive: true }))

const hasher = passwords({ algorithm: 'pbkdf2-sha256', iterations: 1, formats: legacyFormats() })
const [unknown, wrongSecret] = [invalidCredentials('unknown'), invalidCredentials('wrong-secret')]
const secret = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='
const empty = '{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk='

let files = 0
function fileOf(content: string | Uint8Array): string {
  files += 1
  const path = join(folder, `file-${files}`)
  write(path, content)
  return path
}

/** Writes in place, with times long ago, so that the file counts as settled. */
function write(path: string, content: string | Uint8Array, seconds: number = 1000): void {
  writeFileSync(path, content)
  utimesSync(path, seconds, seconds)
}

function ask(validate: ReturnType<typeof htpasswd>, username: string, password = 'secret') {
  return validate({ username, password }, aRequest())
}

function aRequest() {
  return { signal: new AbortController().signal }
}

describe('htpasswd()', () => {
  it('answers the user for the right password, and otherwise why not', async () => {
    const validate = htpasswd(fileOf(`alice:${secret}\nbob:${empty}\n`), { passwords: hasher })
    expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    expect(await ask(validate, 'bob', '')).toEqual({ name: 'bob' })
    expect(await ask(validate, 'alice', 'Secret')).toEqual(wrongSecret)
    expect(await ask(validate, 'carol')).toEqual(unknown)
    expect(await ask(validate, 'Alice')).toEqual(unknown)
  })

  it('reads a file: URL, comments, empty lines, CRLF, a byte order mark, blanks around lines and fields to spare', async () => {
    const text = `\ufeff# people\r\n\r\n  alice:${secret}:gecos:more \r\n\t#bob:${secret}\r\nJäsøn Doe:${secret}`
    const validate = htpasswd(pathToFileURL(fileOf(text)), { passwords: hasher })
    expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    expect(await ask(validate, 'Jäsøn Doe')).toEqual({ name: 'Jäsøn Doe' })
    expect(await ask(validate, '#bob')).toEqual(unknown)
    expect(await ask(validate, '\ufeff# people')).toEqual(unknown)
  })

  it('takes the first line of a name, as Apache does', async () => {
    const validate = htpasswd(fileOf(`alice:${empty}\nalice:${secret}\n`), { passwords: hasher })
    expect(await ask(validate, 'alice', '')).toEqual({ name: 'alice' })
    expect(await ask(validate, 'alice')).toEqual(wrongSecret)
  })

  it('finds a name in NFC when it came decomposed, and answers the name in the file', async () => {
    const validate = htpasswd(fileOf(`J\u00e4s:${secret}\n`), { passwords: hasher })
    expect(await ask(validate, 'Ja\u0308s')).toEqual({ name: 'J\u00e4s' })
  })

  it.each(['', 'a:b', 'alice\n', '__proto__', 'constructor', 'x'.repeat(256)])('knows no user %j', async (username) => {
    expect(await ask(htpasswd(fileOf(`alice:${secret}\n`), { passwords: hasher }), username)).toEqual(unknown)
  })

  it('lets nobody in by an empty hash or an empty file', async () => {
    expect(await ask(htpasswd(fileOf('alice:\n'), { passwords: hasher }), 'alice', '')).toEqual(wrongSecret)
    expect(await ask(htpasswd(fileOf(''), { passwords: hasher }), 'alice', '')).toEqual(unknown)
  })

  it('maps names to principals, which may refuse', async () => {
    const validate = htpasswd(fileOf(`alice:${secret}\nbob:${secret}\n`), {
      passwords: hasher,
      principal: (name) => (name === 'bob' ? null : { id: name.length }),
    })
    expect(await validate({ username: 'alice', password: 'secret' }, aRequest())).toEqual({ id: 5 })
    expect(await validate({ username: 'bob', password: 'secret' }, aRequest())).toBeNull()
  })

  it('verifies an unknown user’s password against the first hash of the file, and never lets him in', async () => {
    const verify = vi.fn<HashVerifier['verify']>(async () => ({ ok: true }))
    const validate = htpasswd(fileOf(`alice:${secret}\nbob:${empty}\n`), { passwords: { verify } })
    expect(await ask(validate, 'carol')).toEqual(unknown)
    expect(verify.mock.calls).toEqual([['secret', secret, { signal: expect.any(AbortSignal) }]])
  })

  it('answers an Error for a hash that cannot be computed, and for an unknown user beside it "unknown"', async () => {
    const validate = htpasswd(fileOf('alice:8svB1FMo4v4M.\n'), { passwords: hasher })
    await expect(ask(validate, 'alice')).rejects.toMatchObject({ code: 'hash-unsupported' })
    expect(await ask(validate, 'carol')).toEqual(unknown)
  })

  it.each([
    ['no colon', `alice:${secret}\nbob\n`, 'line 2'],
    ['no name', `:${secret}\n`, 'line 1'],
    ['a name of 256 characters', `\n${'x'.repeat(256)}:${secret}\n`, 'line 2'],
    ['NUL', `alice:${secret}\0\n`, 'line 1'],
    ['a line of 8,192 characters', `alice:${'x'.repeat(8186)}\n`, 'line 1'],
    ['octets that are not UTF-8', Uint8Array.from([0x61, 0xe4, 0x3a]), 'not in UTF-8'],
  ])('answers an Error for a file with %s', async (_name, content, where) => {
    const validate = htpasswd(fileOf(content), { passwords: hasher })
    await expect(ask(validate, 'alice')).rejects.toMatchObject({ code: 'file-broken', retryable: true })
    await expect(ask(validate, 'alice')).rejects.toThrow(where)
  })

  it('reads a file of exactly "maximumBytes" and no larger one', async () => {
    const text = `alice:${secret}\n`
    const path = fileOf(text)
    expect(await ask(htpasswd(path, { passwords: hasher, maximumBytes: text.length }), 'alice')).toEqual({
      name: 'alice',
    })
    const smaller = htpasswd(path, { passwords: hasher, maximumBytes: text.length - 1 })
    await expect(ask(smaller, 'alice')).rejects.toThrow('larger than "maximumBytes"')
  })

  it.each([
    [undefined, { passwords: hasher }, '"file"'],
    ['', { passwords: hasher }, '"file"'],
    [new URL('https://id.example/'), { passwords: hasher }, '"file"'],
    ['x', undefined, '"passwords"'],
    ['x', {}, '"passwords"'],
    ['x', { passwords: hasher, principal: 1 }, '"principal"'],
    ['x', { passwords: hasher, maximumBytes: 0 }, '"maximumBytes"'],
    ['x', { passwords: hasher, onReloadError: 1 }, '"onReloadError"'],
    ['x', { passwords: hasher, clock: 1 }, '"clock"'],
  ])('refuses %s with %j at construction', (file, options, name) => {
    expect(() => Reflect.apply(htpasswd, undefined, [file, options])).toThrow(TypeError)
    expect(() => Reflect.apply(htpasswd, undefined, [file, options])).toThrow(`htpasswd(): ${name}`)
  })

  it('parses any text in one pass: entries, or the number of a line', () => {
    const pieces = fc.constantFrom('a', ':', '\n', '\r', ' ', '#', '\0', 'ä', '\ufeff')
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        const text = parts.join('')
        const parsed = parseHtpasswd(text)
        if (typeof parsed === 'number') expect(parsed).toBeLessThanOrEqual(text.split('\n').length)
        else for (const name of parsed.byName.keys()) expect(name).toMatch(/^[^:\n#\0 \r][^:\n\0]*$/)
      }),
    )
  })
})

describe('basic() with htpasswd()', () => {
  it('lets users of the file in, by their names, and answers 503 without the file', async () => {
    const path = fileOf(`alice:${secret}\n`)
    const auth = authentication({
      staff: basic({ realm: 'staff', validate: htpasswd(path, { passwords: hasher }) }),
      gone: basic({ realm: 'gone', validate: htpasswd(`${path}.gone`, { passwords: hasher }) }),
    })
    const request = (password: string) =>
      testRequest({ headers: { Authorization: `Basic ${encodeBase64(encodeUtf8(`alice:${password}`))}` } })
    const outcome = await auth.decide(request('secret'), 'staff')
    expect(outcome.kind === 'authenticated' && outcome.principal.name).toBe('alice')
    expect(await auth.decide(request('Secret'), 'staff')).toMatchObject({ response: { status: 401 } })
    expect(await auth.decide(request('secret'), 'gone')).toMatchObject({ response: { status: 503 } })
  })
})

describe('htpasswd() and a file that changes', () => {
  const options = () => {
    const onReloadError = vi.fn<(error: AuthenticationError) => void>()
    const clock = vi.fn(() => time)
    let time = 1_000_000
    return { passwords: hasher, onReloadError, clock, pass: (seconds: number) => (time += seconds) }
  }

  it('looks again after a second, and not before', async () => {
    const at = options()
    const path = fileOf(`alice:${secret}\n`)
    const validate = htpasswd(path, at)
    expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    write(path, `bob:${secret}\n`, 1001)
    at.pass(0.9)
    expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    at.pass(0.1)
    expect(await ask(validate, 'alice')).toEqual(unknown)
    expect(await ask(validate, 'bob')).toEqual({ name: 'bob' })
    expect(at.onReloadError).not.toHaveBeenCalled()
  })

  it('notices a file put in its place with the same size and time', async () => {
    const at = options()
    const path = fileOf(`alice:${secret}\n`)
    const validate = htpasswd(path, at)
    expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    write(`${path}.new`, `alicf:${secret}\n`)
    renameSync(`${path}.new`, path)
    at.pass(1)
    expect(await ask(validate, 'alice')).toEqual(unknown)
    expect(await ask(validate, 'alicf')).toEqual({ name: 'alicf' })
  })

  it('looks again when the clock was set back', async () => {
    const at = options()
    const path = fileOf(`alice:${secret}\n`)
    const validate = htpasswd(path, at)
    await ask(validate, 'alice')
    write(path, `bob:${secret}\n`, 1001)
    at.pass(-500)
    expect(await ask(validate, 'alice')).toEqual(unknown)
  })

  it('keeps the last good version when the new one is broken, says so once, and takes the next good one', async () => {
    const at = options()
    const path = fileOf(`alice:${secret}\n`)
    const validate = htpasswd(path, at)
    await ask(validate, 'alice')
    write(path, `bob:${secret}\nCANARY-without-colon`, 1001)
    for (let times = 0; times < 3; times++) {
      at.pass(1)
      expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
      expect(await ask(validate, 'bob')).toEqual(unknown)
    }
    expect(at.onReloadError).toHaveBeenCalledTimes(1)
    const [error] = at.onReloadError.mock.calls[0] ?? []
    expect(error).toMatchObject({ code: 'file-broken', message: 'htpasswd(): line 2 is not well-formed' })
    expect(JSON.stringify(error)).not.toContain('CANARY')
    write(path, 'again broken', 1002)
    at.pass(1)
    await ask(validate, 'alice')
    expect(at.onReloadError).toHaveBeenCalledTimes(2)
    write(path, `bob:${secret}\n`, 1003)
    at.pass(1)
    expect(await ask(validate, 'bob')).toEqual({ name: 'bob' })
    expect(at.onReloadError).toHaveBeenCalledTimes(2)
  })

  it('keeps the last good version when the file is gone or became a folder, and says so once each', async () => {
    const at = options()
    const path = fileOf(`alice:${secret}\n`)
    const validate = htpasswd(path, at)
    await ask(validate, 'alice')
    rmSync(path)
    for (let times = 0; times < 3; times++) {
      at.pass(1)
      expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    }
    mkdirSync(path)
    for (let times = 0; times < 3; times++) {
      at.pass(1)
      expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    }
    expect(at.onReloadError.mock.calls.map(([error]) => error.message)).toEqual([
      'htpasswd(): the file cannot be read',
      'htpasswd(): the file is not a regular file',
    ])
    rmSync(path, { recursive: true })
    write(path, `bob:${secret}\n`, 1001)
    at.pass(1)
    expect(await ask(validate, 'alice')).toEqual(unknown)
  })

  it('answers an Error as long as there was no good version, looks once a second, and recovers', async () => {
    const at = options()
    const path = join(folder, 'later')
    const validate = htpasswd(path, at)
    await expect(ask(validate, 'alice')).rejects.toMatchObject({ code: 'file-unreadable', retryable: true })
    write(path, `alice:${secret}\n`)
    await expect(ask(validate, 'alice')).rejects.toBeInstanceOf(AuthenticationError)
    at.pass(1)
    expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    expect(at.onReloadError).not.toHaveBeenCalled()
  })

  it('reads once for many log-ins at a time', async () => {
    const at = options()
    const validate = htpasswd(fileOf(`alice:${secret}\n`), at)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(validate, 'alice')))
    expect(answers).toEqual(Array.from({ length: 20 }, () => ({ name: 'alice' })))
    // 20 to see whether it is time to look, one for the look.
    expect(at.clock).toHaveBeenCalledTimes(21)
  })

  it('survives an "onReloadError" that throws, and tells its class alone', async () => {
    const at = options()
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const path = fileOf(`alice:${secret}\n`)
    const validate = htpasswd(path, {
      ...at,
      onReloadError: () => {
        throw new RangeError('CANARY')
      },
    })
    await ask(validate, 'alice')
    rmSync(path)
    at.pass(1)
    expect(await ask(validate, 'alice')).toEqual({ name: 'alice' })
    expect(print.mock.calls).toEqual([['htpasswd(): "onReloadError" threw RangeError']])
    print.mockRestore()
  })
})

const program = service('htpasswd')

describe.skipIf(program === undefined)('a file written by Apache’s htpasswd', () => {
  const path = join(folder, 'apache')
  const add = (name: string, password: string, ...flags: readonly string[]) =>
    execFileSync(program ?? '', ['-b', ...flags, path, name, password], { stdio: 'pipe' })

  it('is read back in all its formats but DES-crypt, which is an Error', async () => {
    add('md5', 'p:ä ß', '-c', '-m')
    add('bcrypt', 'p:ä ß', '-B', '-C', '5')
    add('sha', 'p:ä ß', '-s')
    add('sha256 user', 'p:ä ß', '-2')
    add('sha512', 'p:ä ß', '-5')
    add('rounds', 'p:ä ß', '-5', '-r', '2000')
    add('crypt', 'secret', '-d')
    const validate = htpasswd(path, { passwords: hasher })
    for (const name of ['md5', 'bcrypt', 'sha', 'sha256 user', 'sha512', 'rounds']) {
      expect(await ask(validate, name, 'p:ä ß')).toEqual({ name })
      expect(await ask(validate, name, 'p:ä s')).toEqual(wrongSecret)
    }
    await expect(ask(validate, 'crypt')).rejects.toMatchObject({ code: 'hash-unsupported' })
  })

  it('is read again when htpasswd has changed a password and deleted a user', async () => {
    let time = Date.now() / 1000
    add('alice', 'old', '-c', '-s')
    add('bob', 'old', '-s')
    const validate = htpasswd(path, { passwords: hasher, clock: () => time })
    expect(await ask(validate, 'alice', 'old')).toEqual({ name: 'alice' })
    add('alice', 'new', '-s')
    execFileSync(program ?? '', ['-D', path, 'bob'], { stdio: 'pipe' })
    time += 1
    expect(await ask(validate, 'alice', 'old')).toEqual(wrongSecret)
    expect(await ask(validate, 'alice', 'new')).toEqual({ name: 'alice' })
    expect(await ask(validate, 'bob', 'old')).toEqual(unknown)
  })
})
