import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Passwords, passwords } from './passwords.ts'
import type { RehashedPassword } from './rehash.ts'
import { passwordTable } from './table.ts'

const weak = passwords({ algorithm: 'pbkdf2-sha256', iterations: 1 })
const strong = passwords({ algorithm: 'pbkdf2-sha256', iterations: 2 })
const strongHash = await strong.hash('right')
const weakHash = await weak.hash('right')

/** Lets what runs behind the login come to its end. */
async function idle(hasher: Passwords, until: () => boolean): Promise<void> {
  await vi.waitFor(() => expect([hasher.load().running, until()]).toEqual([0, true]))
}

describe('passwordTable()', () => {
  it('answers the principal for the right password, and a cause for everything else', async () => {
    const validate = passwordTable(new Map([['ada', strongHash]]), { passwords: strong })
    expect(await validate({ username: 'ada', password: 'right' })).toEqual({ username: 'ada' })
    expect(await validate({ username: 'ada', password: 'wrong' })).toMatchObject({ reason: 'wrong-secret' })
    expect(await validate({ username: 'ada', password: '' })).toMatchObject({ reason: 'wrong-secret' })
    expect(await validate({ username: 'Ada', password: 'right' })).toMatchObject({ reason: 'unknown' })
    expect(await validate({ username: '', password: 'right' })).toMatchObject({ reason: 'unknown' })
    expect(await validate({ username: '__proto__', password: 'right' })).toMatchObject({ reason: 'unknown' })
  })

  it('makes the principal of a map of hashes once, and only when the password was right', async () => {
    const made: string[] = []
    const principal = (username: string) => ({ id: made.push(username) })
    const options = { passwords: strong, principal, rehashOnLogin: () => undefined }
    const validate = passwordTable(new Map([['ada', weakHash]]), options)
    await validate({ username: 'ada', password: 'wrong' })
    await validate({ username: 'bob', password: 'right' })
    expect(made).toEqual([])
    expect(await validate({ username: 'ada', password: 'right' })).toEqual({ id: 1 })
    expect(made).toEqual(['ada'])
  })

  it('sees changes of the map at once', async () => {
    const table = new Map([['ada', strongHash]])
    const validate = passwordTable(table, { passwords: strong })
    table.delete('ada')
    expect(await validate({ username: 'ada', password: 'right' })).toMatchObject({ reason: 'unknown' })
  })

  it('answers the principal of a record', async () => {
    const ada = { hash: strongHash, principal: { id: 1 } }
    const validate = passwordTable(new Map([['ada', ada]]), { passwords: strong })
    expect(await validate({ username: 'ada', password: 'right' })).toBe(ada.principal)
  })

  it('asks a function with the name and the signal of the request', async () => {
    const { signal } = new AbortController()
    const asked: unknown[] = []
    const validate = passwordTable(
      async (username, signal) => {
        asked.push([username, signal])
        return username === 'ada' ? { hash: strongHash, principal: { id: 1 } } : undefined
      },
      { passwords: strong },
    )
    expect(await validate({ username: 'ada', password: 'right' }, { signal })).toEqual({ id: 1 })
    expect(await validate({ username: 'bob', password: 'right' })).toMatchObject({ reason: 'unknown' })
    expect(asked).toEqual([
      ['ada', signal],
      ['bob', undefined],
    ])
  })

  it('gives the signal to the hasher as well', async () => {
    const validate = passwordTable(new Map([['ada', strongHash]]), { passwords: strong })
    const answer = validate({ username: 'ada', password: 'right' }, { signal: AbortSignal.abort() })
    await expect(answer).rejects.toMatchObject({ code: 'aborted' })
  })

  it('lets nobody in whose record has no hash', async () => {
    const validate = passwordTable(() => ({ hash: null, principal: { id: 1 } }), { passwords: strong })
    expect(await validate({ username: 'ada', password: '' })).toMatchObject({ reason: 'wrong-secret' })
  })

  it('rejects with what the look-up rejects with, and with hash-unsupported for a hash it cannot read', async () => {
    const down = passwordTable(() => Promise.reject(new Error('database down')), { passwords: strong })
    await expect(down({ username: 'ada', password: 'x' })).rejects.toThrow('database down')
    const strange = passwordTable(new Map([['ada', 'x']]), { passwords: strong })
    await expect(strange({ username: 'ada', password: 'x' })).rejects.toMatchObject({ code: 'hash-unsupported' })
  })

  it.each([[true], ['text'], [7], [{}], [{ principal: { id: 1 } }], [{ hash: 7 }]])(
    'rejects with invalid-answer when the look-up answers %j',
    async (answer) => {
      const validate = Reflect.apply(passwordTable, undefined, [() => answer, { passwords: strong }])
      const failed: unknown = await validate({ username: 'ada', password: 'x' }).catch((error: unknown) => error)
      expect(failed).toMatchObject({ kind: 'Error', code: 'invalid-answer' })
    },
  )

  it.each([
    ['"passwords" must be', [new Map(), undefined]],
    ['"passwords" must be', [new Map(), {}]],
    ['the table must be a Map or a function', [{ ada: strongHash }, { passwords: strong }]],
    ['the table must be a Map or a function', [undefined, { passwords: strong }]],
    ['"principal" must be a function', [new Map(), { passwords: strong, principal: {} }]],
    ['"rehashOnLogin" must be a function', [new Map(), { passwords: strong, rehashOnLogin: true }]],
    ['"onRehashError" must be a function', [new Map(), { passwords: strong, onRehashError: 'x' }]],
  ])('throws a TypeError: %s', (message, args) => {
    const make = (): unknown => Reflect.apply(passwordTable, undefined, args)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })
})

describe('passwordTable() with rehashOnLogin', () => {
  afterEach(() => vi.restoreAllMocks())

  it('hands over the old hash and a new one that needs no rehash', async () => {
    const stored: [unknown, RehashedPassword][] = []
    const validate = passwordTable(new Map([['ada', { hash: weakHash, principal: { id: 1 } }]]), {
      passwords: strong,
      rehashOnLogin: (user, hashes) => void stored.push([user, hashes]),
    })
    expect(await validate({ username: 'ada', password: 'right' })).toEqual({ id: 1 })
    await idle(strong, () => stored.length === 1)
    const [user, { oldHash, newHash }] = stored[0] ?? [undefined, { oldHash: '', newHash: '' }]
    expect(user).toEqual({ username: 'ada', principal: { id: 1 } })
    expect(oldHash).toBe(weakHash)
    expect(await strong.verify('right', newHash)).toEqual({ ok: true, needsRehash: false })
  })

  it('leaves hashes alone after a wrong password and when they are strong enough', async () => {
    let hashed = 0
    const counting: Passwords = {
      ...strong,
      hash: (password) => {
        hashed += 1
        return strong.hash(password)
      },
    }
    const table = new Map([
      ['ada', weakHash],
      ['bob', strongHash],
    ])
    const validate = passwordTable(table, { passwords: counting, rehashOnLogin: () => undefined })
    await validate({ username: 'ada', password: 'wrong' })
    await validate({ username: 'bob', password: 'right' })
    await validate({ username: 'eve', password: 'right' })
    expect(hashed).toBe(0)
    await passwordTable(table, { passwords: counting })({ username: 'ada', password: 'right' })
    expect(hashed).toBe(0)
  })

  it('does not keep the login waiting', async () => {
    const validate = passwordTable(new Map([['ada', weakHash]]), {
      passwords: { ...strong, hash: () => new Promise<string>(() => undefined) },
      rehashOnLogin: () => undefined,
    })
    expect(await validate({ username: 'ada', password: 'right' })).toEqual({ username: 'ada' })
  })

  it('rehashes once for requests that come together, and again later when the hash is still there', async () => {
    const stored: RehashedPassword[] = []
    let finish = (): void => undefined
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const validate = passwordTable(new Map([['ada', weakHash]]), {
      passwords: strong,
      rehashOnLogin: (_user, hashes) => {
        stored.push(hashes)
        return finished
      },
    })
    const credential = { username: 'ada', password: 'right' }
    await Promise.all(Array.from({ length: 20 }, () => validate(credential)))
    await idle(strong, () => stored.length === 1)
    finish()
    await finished
    await vi.waitFor(async () => {
      await validate(credential)
      expect(stored.length).toBe(2)
    })
  })

  it('lets people in whatever fails, and reports it', async () => {
    const reported: unknown[] = []
    const onRehashError = (error: unknown) => void reported.push(error)
    const credential = { username: 'ada', password: 'right' }
    const table = new Map([['ada', weakHash]])
    const broken = new Error('database down')
    const failures = [
      passwordTable(table, {
        passwords: strong,
        onRehashError,
        rehashOnLogin: () => {
          throw broken
        },
      }),
      passwordTable(table, { passwords: strong, onRehashError, rehashOnLogin: () => Promise.reject(broken) }),
      passwordTable(table, {
        passwords: { ...strong, hash: () => Promise.reject(broken) },
        onRehashError,
        rehashOnLogin: () => undefined,
      }),
    ]
    for (const validate of failures) expect(await validate(credential)).toEqual({ username: 'ada' })
    await idle(strong, () => reported.length === 3)
    expect(reported).toEqual([broken, broken, broken])
  })

  it('says the class of a failure on the console, and nothing else, unless told otherwise', async () => {
    const said: unknown[] = []
    vi.spyOn(console, 'error').mockImplementation((...all) => void said.push(...all))
    const rehashOnLogin = () => Promise.reject(new RangeError('canary'))
    const table = new Map([['ada', weakHash]])
    const throwing = () => {
      throw new Error('canary')
    }
    await passwordTable(table, { passwords: strong, rehashOnLogin })({ username: 'ada', password: 'right' })
    await idle(strong, () => said.length === 1)
    const options = { passwords: strong, rehashOnLogin, onRehashError: throwing }
    await passwordTable(table, options)({ username: 'ada', password: 'right' })
    await idle(strong, () => said.length === 2)
    expect(said).toEqual(['becauth: a password was not rehashed: RangeError', 'becauth: onRehashError threw'])
  })
})
