import { describe, expect, it } from 'vitest'
import { first, second } from '../proofs/certificates.ts'
import {
  ask,
  binding,
  binds,
  cleanUp,
  directory,
  found,
  gate,
  responderOf,
  SERVICE,
  searching,
} from './responder-kit.ts'

const silent = () => {}
const short = { connectTimeoutSeconds: 0.15, timeoutSeconds: 0.15 }
const down = { kind: 'Error', retryable: true }
const localhost = (port: number) => `ldap://localhost:${port}`

describe('a directory that says nothing', () => {
  it.each([
    ['to a connection that wants TLS', { service: silent }, { tls: true }],
    ['to the bind of the service', { service: silent }, {}],
    ['to a search', { search: silent }, {}],
    ['to the bind of the user', { user: silent }, {}],
    ['to StartTLS', { extended: silent }, { startTls: true }],
    [
      'after it agreed to StartTLS',
      { extended: (to: { startTls(how: 'silence'): void }) => to.startTls('silence') },
      { startTls: true },
    ],
    ['to the bind of the service, after StartTLS', { service: silent }, { startTls: true }],
  ] as const)(
    '%s is given up in time, and its connection is destroyed',
    async (_, behaviour, { startTls = false, tls = false }: { startTls?: boolean; tls?: boolean }) => {
      const responder = await responderOf(directory(behaviour))
      const url = tls ? `ldaps://localhost:${responder.port}` : localhost(responder.port)
      const validate = searching(url, { ...short, startTls, tls: { ca: first.cert } })
      await expect(ask(validate)).rejects.toMatchObject({ ...down, code: 'directory-timed-out' })
      await expect.poll(() => responder.open).toBeLessThanOrEqual(1)
      validate.close()
      await expect.poll(() => responder.open).toBe(0)
    },
  )

  it('destroys the connection on which a user was binding when the request ended', async () => {
    const sent = gate()
    const responder = await responderOf(directory({ user: () => sent.open() }))
    const leaving = new AbortController()
    const login = ask(binding(responder.url), 'ada', 'lovelace', leaving.signal)
    await sent.opened
    leaving.abort()
    await expect(login).rejects.toMatchObject({ kind: 'Error', code: 'aborted' })
    await expect.poll(() => responder.open).toBe(0)
  })

  it('does not make one request wait for another that searches on the same connection and leaves', async () => {
    const sent = gate()
    const answered = gate()
    const leaving = new AbortController()
    const responder = await responderOf(
      directory({
        search: (reply) => {
          sent.open()
          answered.opened.then(() => found(reply))
        },
      }),
    )
    const validate = searching(responder.url)
    const one = ask(validate, 'ada', 'lovelace', leaving.signal)
    const other = ask(validate)
    await sent.opened
    leaving.abort()
    await expect(one).rejects.toMatchObject({ code: 'aborted' })
    answered.open()
    expect(await other).toMatchObject({ name: 'ada' })
  })
})

describe('a connection that ends', () => {
  it('under 100 logins at once is an Error for each whose answer did not come, and a wrong password for nobody', async () => {
    let served = 0
    const responder = await responderOf(
      directory({
        user: (reply) => {
          served += 1
          if (served <= 20) reply.bind(0)
          else reply.drop()
        },
      }),
    )
    const validate = searching(responder.url, {
      ...short,
      pool: { binds: 10 },
      connectTimeoutSeconds: 5,
      timeoutSeconds: 5,
    })
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => ask(validate)))
    const right = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    expect(right).toHaveLength(20)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toMatchObject({ name: 'ada' })
      else expect(outcome.reason).toMatchObject(down)
    }
    served = -1000
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
  })

  it('while nobody used it is replaced, for searches and for binds', async () => {
    const responder = await responderOf(directory())
    const validate = searching(responder.url)
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
    expect(responder.connections).toBe(2)
    responder.dropAll()
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
    expect(responder.connections).toBe(4)
  })

  it('with the first octet of a search is replaced once, and the search is asked again', async () => {
    let searches = 0
    const responder = await responderOf(
      directory({
        search: (reply) => {
          searches += 1
          if (searches === 2) reply.drop()
          else found(reply)
        },
      }),
    )
    const validate = searching(responder.url)
    await ask(validate)
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
    expect(searches).toBe(3)
  })

  it('with every search is given up, and no wrong password', async () => {
    let searches = 0
    const responder = await responderOf(
      directory({
        search: (reply) => {
          searches += 1
          reply.drop()
        },
      }),
    )
    await expect(ask(searching(responder.url))).rejects.toMatchObject(down)
    expect(searches).toBe(1)
  })

  it.each([
    ['garbage', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a message without an operation', Buffer.from('3003020105', 'hex')],
    ['a result code of another request', Buffer.from('300c02017f61070a010004000400', 'hex')],
  ])('with %s instead of an answer is an Error', async (_, octets) => {
    const responder = await responderOf(
      directory({
        user: (reply) => {
          reply.raw(octets)
          reply.drop()
        },
      }),
    )
    await expect(ask(binding(responder.url))).rejects.toMatchObject(down)
  })
})

describe('StartTLS', () => {
  const tls = { ca: first.cert }

  it('protects everything that is sent, on connections of both kinds', async () => {
    const responder = await responderOf(directory())
    const validate = searching(localhost(responder.port), { startTls: true, tls })
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
    const clear = responder.asked.filter(({ isEncrypted }) => !isEncrypted)
    expect(clear.map(({ operation, name }) => `${operation} ${name}`)).toEqual([
      'extended 1.3.6.1.4.1.1466.20037',
      'extended 1.3.6.1.4.1.1466.20037',
    ])
    expect(responder.asked).toHaveLength(5)
  })

  it('is asked for again when a connection was lost, so that no password crosses in the clear', async () => {
    const responder = await responderOf(directory())
    const validate = binding(localhost(responder.port), { startTls: true, tls })
    await ask(validate)
    responder.dropAll()
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
    expect(
      responder.asked.filter(({ operation }) => operation === 'bind').map(({ isEncrypted }) => isEncrypted),
    ).toEqual([true, true])
  })

  it.each([
    ['refuses', (to: { extended(code: number): void }) => to.extended(52)],
    ['answers something else to', (to: { done(): void }) => to.done()],
    ['drops the connection at', (to: { drop(): void }) => to.drop()],
  ])('is the end when the server %s it, and no password is sent', async (_, extended) => {
    const responder = await responderOf(directory({ extended }))
    await expect(ask(binding(localhost(responder.port), { startTls: true, tls }))).rejects.toMatchObject(down)
    expect(binds(responder)).toEqual([])
  })

  it('is the end when something unprotected stands behind the agreement', async () => {
    const bindSuccess = Buffer.from('300c02010161070a010004000400', 'hex').toString('latin1')
    const responder = await responderOf(directory({ extended: (to) => to.startTls(first, bindSuccess) }))
    await expect(ask(binding(localhost(responder.port), { startTls: true, tls }))).rejects.toMatchObject(down)
    expect(binds(responder)).toEqual([])
  })

  it.each([
    ['another authority signed', { ca: second.cert }, first, 'localhost'],
    ['is for another name', { ca: second.cert }, second, 'localhost'],
    ['is not for this address', { ca: first.cert }, first, '127.0.0.1'],
    ['is not for the name that is asked for', { ca: first.cert, servername: 'ldap.example' }, first, 'localhost'],
  ])('and LDAPS are refused with a certificate that %s', async (_, wrong, certificate, host) => {
    const starting = await responderOf(directory({ extended: (to) => to.startTls(certificate) }))
    const secure = await responderOf(directory(), { tls: certificate })
    for (const validate of [
      binding(`ldap://${host}:${starting.port}`, { startTls: true, tls: wrong }),
      binding(`ldaps://${host}:${secure.port}`, { tls: wrong }),
    ]) {
      await expect(ask(validate)).rejects.toMatchObject({ ...down, code: 'directory-unavailable' })
    }
    expect([...binds(starting), ...binds(secure)]).toEqual([])
  })

  it('is not needed by LDAPS, which is checked by the host of the URL', async () => {
    const responder = await responderOf(directory(), { tls: first })
    expect(await ask(binding(`ldaps://localhost:${responder.port}`, { tls }))).toMatchObject({ name: 'ada' })
  })
})

describe('several servers', () => {
  it('are asked in their order, and one that failed is asked last for a while', async () => {
    let now = 0
    const last = await responderOf(directory())
    const gone = await responderOf(directory())
    await gone.stop()
    const other = await responderOf(directory())
    const validate = binding([gone.url, other.url, last.url], { pool: { binds: 0 }, clock: () => now, deadSeconds: 30 })
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
    const back = await responderOf(directory(), { port: gone.port })
    await ask(validate)
    expect([back.connections, other.connections]).toEqual([0, 2])
    now = 31
    await ask(validate)
    expect([back.connections, other.connections, last.connections]).toEqual([1, 2, 0])
  })

  it('are an Error when none can be reached, and are asked again at the next login', async () => {
    const gone = await responderOf(directory())
    await gone.stop()
    const validate = binding([gone.url, gone.url])
    await expect(ask(validate)).rejects.toMatchObject({ ...down, code: 'directory-unavailable' })
    await responderOf(directory(), { port: gone.port })
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
  })

  it('are left for the next when one takes the connection and says nothing', async () => {
    const hung = await responderOf(directory({ service: silent }))
    const good = await responderOf(directory())
    const validate = searching([hung.url, good.url], { connectTimeoutSeconds: 1 })
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
    expect(hung.asked.map(({ name }) => name)).toEqual([SERVICE.dn])
    expect(binds(good)).toHaveLength(1)
  })
})

describe('the service account', () => {
  it('when refused is an Error, is offered to no other server and not again for a while', async () => {
    let now = 0
    let isRefused = true
    const service = (reply: { bind(code: number): void }) => reply.bind(isRefused ? 49 : 0)
    const one = await responderOf(directory({ service }))
    const other = await responderOf(directory({ service }))
    const validate = searching([one.url, other.url], { clock: () => now })
    for (let times = 0; times < 3; times++) {
      await expect(ask(validate)).rejects.toMatchObject({ ...down, code: 'service-account-refused' })
    }
    expect([one.connections, other.connections]).toEqual([1, 0])
    isRefused = false
    now = 11
    expect(await ask(validate)).toMatchObject({ name: 'ada' })
  })

  it('when its server is busy is tried on the next one', async () => {
    const busy = await responderOf(directory({ service: (reply) => reply.bind(51) }))
    const good = await responderOf(directory())
    expect(await ask(searching([busy.url, good.url]))).toMatchObject({ name: 'ada' })
  })

  it('gets its password from a function before each bind', async () => {
    let asked = 0
    const responder = await responderOf(directory())
    const password = () => Promise.resolve(`secret ${++asked}`)
    const validate = searching(responder.url, { service: { dn: SERVICE.dn, password } })
    await ask(validate)
    responder.dropAll()
    await ask(validate)
    const secrets = responder.asked.filter(({ name, operation }) => operation === 'bind' && name === SERVICE.dn)
    expect(secrets.map(({ authentication }) => authentication?.secret)).toEqual(['secret 1', 'secret 2'])
  })

  it.each([
    ['throws', () => Promise.reject(new Error('the vault is sealed'))],
    ['answers nothing', async () => ''],
    ['never answers', () => new Promise<string>(() => {})],
  ])('is an Error when that function %s', async (_, password) => {
    const responder = await responderOf(directory())
    const validate = searching(responder.url, { ...short, service: { dn: SERVICE.dn, password } })
    await expect(ask(validate)).rejects.toBeInstanceOf(Error)
    expect(responder.asked).toEqual([])
  })

  it('is not needed where nothing is read', async () => {
    const responder = await responderOf(directory())
    expect(await ask(binding(responder.url))).toMatchObject({ name: 'ada', roles: [] })
    expect(responder.asked.map(({ operation }) => operation)).toEqual(['bind'])
  })
})

describe('close()', () => {
  it('takes leave of the server, and fails whoever comes later', async () => {
    const responder = await responderOf(directory())
    const validate = searching(responder.url)
    await ask(validate)
    validate.close()
    await expect.poll(() => responder.open).toBe(0)
    expect(responder.asked.filter(({ operation }) => operation === 'unbind')).toHaveLength(2)
    await expect(ask(validate)).rejects.toMatchObject({ kind: 'Error', code: 'closed' })
    cleanUp(() => validate.close())
  })
})
