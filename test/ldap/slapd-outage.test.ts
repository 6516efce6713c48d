import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { people, service } from '../../scripts/lib/slapd.mjs'
import { type LdapVerifier, ldap } from '../../src/verifiers/ldap/ldap.ts'
import { type Slapd, slapd, startSlapd } from './slapd.ts'

const LOGINS = 100

describe.skipIf(!slapd)('an outage of slapd', () => {
  let server: Slapd
  let other: Slapd
  beforeAll(async () => {
    server = await startSlapd()
    other = await startSlapd()
  })
  afterAll(async () => {
    await server?.stop()
    await other?.stop()
  })

  const options = { service, search: { base: people, filter: '(uid={username})' }, timeoutSeconds: 10 }

  it.each([
    ['killed', 'kill'],
    ['ended', 'halt'],
  ] as const)(
    'tells nobody of 100 that the password is wrong when it is %s under them, and is over by itself',
    async (_, end) => {
      let now = 0
      const validate = ldap({ ...options, url: server.url, clock: () => now })
      const login = () => ask(validate)
      // The first answer is there and most binds are under way: Argon2 makes each of them take its time.
      const first = login()
      const logins = Array.from({ length: LOGINS - 1 }, login)
      const settled = Promise.allSettled([first, ...logins])
      await first
      await server[end]()
      const outcomes = await settled
      const right = outcomes.filter(({ status }) => status === 'fulfilled')
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') expect(outcome.value).toMatchObject({ name: 'ada' })
        else expect(outcome.reason).toMatchObject({ kind: 'Error', retryable: true })
      }
      expect(right.length).toBeLessThan(LOGINS)
      await expect(login()).rejects.toMatchObject({ kind: 'Error', retryable: true })
      await server.restart()
      now = 60
      expect(await login()).toMatchObject({ name: 'ada' })
      expect(await ask(validate, 'byron')).toMatchObject({
        reason: 'wrong-secret',
      })
      validate.close()
    },
  )

  it('is answered within the time-out when the server hangs, and is over when it goes on', async () => {
    const validate = ldap({ ...options, url: server.url, timeoutSeconds: 0.3, connectTimeoutSeconds: 0.3 })
    const login = () => ask(validate)
    server.signal('SIGSTOP')
    try {
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, login))
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { kind: 'Error', retryable: true } })
      }
    } finally {
      server.signal('SIGCONT')
    }
    const patient = ldap({ ...options, url: server.url })
    expect(await ask(patient)).toMatchObject({ name: 'ada' })
    patient.close()
    validate.close()
  })

  it('is not noticed when another server is up, also where connections were pooled', async () => {
    const validate = ldap({ ...options, url: [server.url, other.url] })
    const login = () => ask(validate)
    expect(await login()).toMatchObject({ name: 'ada' })
    await server.kill()
    try {
      const answers = await Promise.all(Array.from({ length: 10 }, login))
      for (const answer of answers) expect(answer).toMatchObject({ name: 'ada' })
    } finally {
      await server.restart()
    }
    validate.close()
  })
})

/** Each login has a signal of its own, as each request has. */
function ask<P extends object>(validate: LdapVerifier<P>, password = 'lovelace') {
  return validate({ username: 'ada', password }, { signal: new AbortController().signal })
}
