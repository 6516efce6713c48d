import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { invalidCredentials } from '../../src/core/cause.ts'
import type { StandardSchema } from '../../src/core/standard-schema.ts'
import { ldap } from '../../src/verifiers/ldap/ldap.ts'
import { policyValue } from './ber.ts'
import {
  ADA,
  ask,
  binding,
  binds,
  checked,
  cleanUp,
  directory,
  gate,
  PEOPLE,
  responderOf,
  SERVICE,
  searching,
  verifier,
} from './responder-kit.ts'

const { signal } = new AbortController()
const search = { base: PEOPLE, filter: '(uid={username})' }

describe('a login', () => {
  it('finds one entry, and binds with its name and the password, simply', async () => {
    const responder = await responderOf(directory())
    expect(await ask(searching(responder.url))).toEqual({
      name: 'ada',
      dn: ADA,
      attributes: {},
      roles: [],
      warnings: {},
    })
    expect(responder.asked.map(({ operation, name }) => [operation, name])).toEqual([
      ['bind', SERVICE.dn],
      ['search', PEOPLE],
      ['bind', ADA],
    ])
    expect(responder.asked[1]).toMatchObject({ sizeLimit: 2, attributes: ['1.1'] })
    expect(binds(responder)).toMatchObject([{ authentication: { tag: 0x80, secret: 'lovelace' } }])
  })

  it('asks for the password policy with each bind of a user, and with no other', async () => {
    const responder = await responderOf(directory())
    const validate = searching(responder.url)
    await ask(validate)
    await ask(validate, 'ada', 'byron')
    const controls = responder.asked
      .filter(({ operation }) => operation === 'bind')
      .map((asked) => asked.controls.length)
    expect(binds(responder).map((asked) => asked.controls)).toEqual([
      ['1.3.6.1.4.1.42.2.27.8.5.1'],
      ['1.3.6.1.4.1.42.2.27.8.5.1'],
    ])
    expect(controls).toHaveLength(3)
  })

  it('never searches on a connection on which a user has bound', async () => {
    const responder = await responderOf(directory())
    const validate = searching(responder.url)
    await Promise.all(Array.from({ length: 30 }, () => ask(validate)))
    const users = new Set(binds(responder).map(({ connection }) => connection))
    const searches = responder.asked.filter(({ operation }) => operation === 'search')
    expect(searches).toHaveLength(30)
    expect(searches.filter(({ connection }) => users.has(connection))).toEqual([])
  })

  it('has its connection to itself, and the next one waits when all are taken', async () => {
    const waiting: (() => void)[] = []
    const both = gate()
    const responder = await responderOf(
      directory({
        user: (reply) => {
          waiting.push(() => reply.bind(0))
          if (waiting.length === 2) both.open()
        },
      }),
    )
    const validate = binding(responder.url, { pool: { binds: 2 } })
    const logins = ['ada', 'alan', 'grace'].map((name) => ask(validate, name))
    await both.opened
    expect(responder.connections).toBe(2)
    for (const answer of waiting) answer()
    await expect.poll(() => waiting.length).toBe(3)
    expect(responder.connections).toBe(2)
    waiting[2]?.()
    expect(await Promise.all(logins)).toHaveLength(3)
  })

  it('that finds no free connection in time is an Error', async () => {
    const responder = await responderOf(directory({ user: () => {} }))
    const validate = binding(responder.url, { pool: { binds: 1 }, timeoutSeconds: 0.15 })
    const outcomes = await Promise.allSettled([ask(validate), ask(validate), ask(validate)])
    const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)
    expect(codes).toContain('directory-timed-out')
    expect(codes).toContain('overloaded')
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  })

  it.each([
    ['no entry', 0, { kind: 'InvalidCredentials', reason: 'unknown' }],
    ['one', 1, { name: 'ada' }],
  ])('that finds %s is answered', async (_, count, answer) => {
    const responder = await responderOf(
      directory({
        search: (reply) => {
          for (let index = 0; index < count; index++) reply.entry(ADA)
          reply.done()
        },
      }),
    )
    expect(await ask(searching(responder.url))).toMatchObject(answer)
  })

  it.each([0, 4])('that finds two is a final Error, also with result code %i, and nobody binds', async (code) => {
    const responder = await responderOf(
      directory({
        search: (reply) => {
          reply.entry(ADA)
          reply.entry(`uid=other,${PEOPLE}`)
          reply.done(code)
        },
      }),
    )
    await expect(ask(searching(responder.url))).rejects.toMatchObject({
      kind: 'Error',
      retryable: false,
      code: 'ambiguous-user',
    })
    expect(binds(responder)).toEqual([])
  })

  it.each([1, 11, 32, 50, 51])('whose search ends with result code %i is an Error', async (code) => {
    const responder = await responderOf(directory({ search: (reply) => reply.done(code) }))
    await expect(ask(searching(responder.url))).rejects.toMatchObject({ kind: 'Error', retryable: true })
  })
})

describe('what is refused before anything is sent', () => {
  it.each(['', ' ', '\u00ad', '\u200b\u2060', '\0', '\ud800', 'a'.repeat(257)])(
    'is the username %j',
    async (username) => {
      const responder = await responderOf(directory())
      for (const validate of [binding(responder.url), searching(responder.url)]) {
        expect(await ask(validate, username)).toMatchObject({ kind: 'InvalidCredentials', reason: 'unknown' })
      }
      expect(responder.connections).toBe(0)
    },
  )

  it.each([
    '',
    '\u00ad',
    '\u200b\ufeff',
    '\0',
    '\0lovelace',
    'lovelace\0',
    '\ud800',
    'x'.repeat(1025),
    '€'.repeat(400),
  ])('is the password %j', async (password) => {
    const responder = await responderOf(directory({ user: (reply) => reply.bind(0) }))
    for (const validate of [binding(responder.url), searching(responder.url)]) {
      expect(await ask(validate, 'ada', password)).toMatchObject({ reason: 'wrong-secret' })
    }
    expect(responder.connections).toBe(0)
  })

  it.each(['', ' ', 'EXTERNAL', 'PLAIN', 'DIGEST-MD5', 'SCRAM-SHA-1', 'external', 'GSSAPI'])(
    'is a bind with the name %j, even if it is that of an entry',
    async (dn) => {
      const responder = await responderOf(
        directory({
          search: (reply) => {
            reply.entry(dn)
            reply.done()
          },
          user: (reply) => reply.bind(0),
        }),
      )
      const login = ask(searching(responder.url), 'ada', SERVICE.dn)
      await expect(login).rejects.toMatchObject({ kind: 'Error', retryable: false })
      expect(binds(responder)).toEqual([])
    },
  )

  it.each(['EXTERNAL', 'PLAIN', 'DIGEST-MD5', 'SCRAM-SHA-1'])(
    'is not the username %s, which is a name as any other in a template',
    async (username) => {
      const responder = await responderOf(directory())
      await ask(binding(responder.url), username)
      expect(binds(responder)).toMatchObject([
        { name: `uid=${username},${PEOPLE}`, authentication: { tag: 0x80, secret: 'lovelace' } },
      ])
    },
  )
})

describe('the password policy', () => {
  it.each([
    ['must-change', 2],
    ['expired', 0],
    ['locked', 1],
  ])('says %s beside a yes, which is none then', async (reason, error) => {
    const responder = await responderOf(
      directory({ user: (reply) => reply.bind(0, { policy: policyValue({ error }) }) }),
    )
    expect(await ask(binding(responder.url))).toMatchObject({ kind: 'InvalidCredentials', reason })
  })

  it.each([
    ['must-change', 2],
    ['expired', 0],
    ['locked', 1],
    ['wrong-secret', 6],
  ])('says %s beside a no', async (reason, error) => {
    const responder = await responderOf(
      directory({ user: (reply) => reply.bind(49, { policy: policyValue({ error }) }) }),
    )
    expect(await ask(binding(responder.url))).toMatchObject({ kind: 'InvalidCredentials', reason })
  })

  it.each([
    [{ expires: 3600 }, { expiresInSeconds: 3600 }],
    [{ grace: 2 }, { graceLogins: 2 }],
    [{}, {}],
  ])('that says %j is told to the mapper', async (said, warnings) => {
    const responder = await responderOf(directory({ user: (reply) => reply.bind(0, { policy: policyValue(said) }) }))
    expect(await ask(binding(responder.url))).toMatchObject({ warnings })
  })

  it('that cannot be read lets nobody in', async () => {
    const policy = Uint8Array.of(0x30, 0x03, 0x81)
    const responder = await responderOf(directory({ user: (reply) => reply.bind(0, { policy }) }))
    expect(await ask(binding(responder.url))).toMatchObject({ kind: 'Error', retryable: true })
  })

  it('of one bind is not taken for that of the next', async () => {
    let isFirst = true
    const responder = await responderOf(
      directory({
        user: (reply) => {
          reply.bind(0, isFirst ? { policy: policyValue({ error: 2 }) } : {})
          isFirst = false
        },
      }),
    )
    const validate = binding(responder.url)
    expect(await ask(validate)).toMatchObject({ reason: 'must-change' })
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
    expect(responder.connections).toBe(1)
  })
})

describe('an unknown user', () => {
  it('is answered when a wrong password would be, and not before', async () => {
    let now = 0
    let isKnown = true
    const responder = await responderOf(
      directory({
        search: (reply) => {
          if (isKnown) reply.entry(ADA)
          reply.done()
        },
        user: (reply) => {
          now += 0.2
          reply.bind(49)
        },
      }),
    )
    const validate = searching(responder.url, { clock: () => now })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      expect(await ask(validate)).toMatchObject({ reason: 'wrong-secret' })
      isKnown = false
      let answer: unknown
      const login = ask(validate).then((one) => {
        answer = one
      })
      // Two connections are idle, and the refusal waits.
      while (vi.getTimerCount() < 3) await new Promise((resolve) => setImmediate(resolve))
      await vi.advanceTimersByTimeAsync(199)
      expect(answer).toBeUndefined()
      await vi.advanceTimersByTimeAsync(1)
      await login
      expect(answer).toMatchObject({ reason: 'unknown' })
      expect(binds(responder)).toHaveLength(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('makes a wrong password be tried on the decoy, which is never the one that was sent', async () => {
    const responder = await responderOf(directory({ search: (reply) => reply.done() }))
    const decoyDn = 'uid=nobody,dc=example'
    expect(await ask(searching(responder.url, { decoyDn }))).toMatchObject({ reason: 'unknown' })
    expect(binds(responder)).toMatchObject([{ name: decoyDn, authentication: { tag: 0x80 } }])
    const secret = binds(responder)[0]?.authentication?.secret
    expect(secret).not.toBe('lovelace')
    expect(secret).toHaveLength(32)
  })

  it('is unknown even when the decoy cannot be asked', async () => {
    const responder = await responderOf(directory({ search: (reply) => reply.done(), user: (reply) => reply.drop() }))
    const validate = searching(responder.url, { decoyDn: 'uid=nobody,dc=example' })
    expect(await ask(validate)).toMatchObject({ reason: 'unknown' })
  })
})

describe('the principal', () => {
  it('is what the function makes of the user, with types by the names of the attributes', async () => {
    const responder = await responderOf(
      directory({
        search: (reply) => {
          reply.entry(ADA, { mail: ['ada@example.com'], jpegPhoto: [Uint8Array.of(0xff, 0xd8)] })
          reply.done()
        },
      }),
    )
    const validate = ldap({
      url: responder.url,
      service: SERVICE,
      search,
      attributes: ['mail'],
      binaryAttributes: ['jpegPhoto'],
      principal: ({ name, attributes }) => {
        expectTypeOf(attributes.mail).toEqualTypeOf<readonly string[]>()
        expectTypeOf(attributes.jpegPhoto).toEqualTypeOf<readonly Uint8Array[]>()
        // @ts-expect-error was not asked for
        expect(attributes.cn).toBeUndefined()
        return { name, mail: attributes.mail[0], photo: attributes.jpegPhoto[0] }
      },
    })
    cleanUp(() => validate.close())
    expect(await ask(validate)).toEqual({ name: 'ada', mail: 'ada@example.com', photo: Uint8Array.of(0xff, 0xd8) })
  })

  it.each([
    ['null', null],
    ['a cause', invalidCredentials('disabled')],
  ])('may be %s, to refuse', async (_, answer) => {
    const responder = await responderOf(directory())
    const validate = ldap({ url: responder.url, service: SERVICE, search, principal: () => answer })
    cleanUp(() => validate.close())
    expect(await ask(validate)).toBe(answer)
  })

  it('is what a Standard Schema makes of the user, and nobody whom it does not fit', async () => {
    const schema: StandardSchema<{ readonly mail: string }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => {
          const [mail]: readonly unknown[] = Reflect.get(Reflect.get(Object(value), 'attributes'), 'mail')
          return typeof mail === 'string' ? { value: { mail } } : { issues: [{ message: 'no mail' }] }
        },
      },
    }
    let mail = ['ada@example.com']
    const responder = await responderOf(
      directory({
        search: (reply) => {
          reply.entry(ADA, { mail })
          reply.done()
        },
      }),
    )
    const validate = ldap({ url: responder.url, service: SERVICE, search, attributes: ['mail'], principal: schema })
    cleanUp(() => validate.close())
    expect(await ask(validate)).toEqual({ mail: 'ada@example.com' })
    mail = []
    expect(await ask(validate)).toMatchObject({ kind: 'InvalidCredentials', reason: 'missing-claim' })
  })

  it('has the attributes of the entry that a template names, read by the service', async () => {
    const responder = await responderOf(
      directory({
        search: (reply, asked) => {
          reply.entry(asked.name, { mail: ['ada@example.com'] })
          reply.done()
        },
      }),
    )
    const validate = verifier({
      url: responder.url,
      service: 'anonymous',
      bind: { dn: `uid={username},${PEOPLE}` },
      attributes: ['mail'],
    })
    expect(await ask(validate)).toMatchObject({ dn: ADA, attributes: { mail: ['ada@example.com'] } })
    expect(responder.asked.map(({ operation, name }) => [operation, name])).toEqual([
      ['bind', ADA],
      ['search', ADA],
    ])
  })

  it('is nobody when the service cannot read the entry', async () => {
    const responder = await responderOf(directory({ search: (reply) => reply.done(32) }))
    const validate = binding(responder.url, { service: SERVICE, attributes: ['mail'] })
    await expect(ask(validate)).rejects.toMatchObject({ retryable: false, code: 'entry-unreadable' })
  })
})

describe('a remembered bind', () => {
  it('is good for some seconds, for this name and this password alone, and makes the principal anew', async () => {
    let now = 0
    let made = 0
    const responder = await responderOf(directory({ user: checked }))
    const validate = ldap({
      url: responder.url,
      bind: { dn: `uid={username},${PEOPLE}` },
      remember: { seconds: 30 },
      clock: () => now,
      principal: ({ name }) => ({ name, made: ++made }),
    })
    cleanUp(() => validate.close())
    const login = (username: string, password: string) => validate({ username, password }, { signal })
    expect(await login('ada', 'lovelace')).toEqual({ name: 'ada', made: 1 })
    expect(await login('ada', 'lovelace')).toEqual({ name: 'ada', made: 2 })
    expect(binds(responder)).toHaveLength(1)
    expect(await login('ada', 'lovelac')).toMatchObject({ reason: 'wrong-secret' })
    expect(await login('adal', 'ovelace')).toMatchObject({ reason: 'wrong-secret' })
    expect(binds(responder)).toHaveLength(3)
    now = 29.9
    await login('ada', 'lovelace')
    expect(binds(responder)).toHaveLength(3)
    now = 30
    await login('ada', 'lovelace')
    expect(binds(responder)).toHaveLength(4)
  })
})
