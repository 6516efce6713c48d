import { connect as connectTls } from 'node:tls'
import { Client } from 'ldapts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decoyDn, people, service, suffix } from '../../scripts/lib/slapd.mjs'
import { ldap } from '../../src/verifiers/ldap/ldap.ts'
import type { LdapOptions } from '../../src/verifiers/ldap/options.ts'
import { escapeDnValue } from '../../src/wire/ldap-names.ts'
import { openssl, type Slapd, slapd, startSlapd } from './slapd.ts'

const signal = new AbortController().signal
const search = { base: people, filter: '(&(objectClass=person)(uid={username}))' }
const dn = `uid={username},${people}`

/** Names that mean something in a name or a filter, and that somebody has. */
const oddNames = [
  'x)(uid=*',
  '*',
  'a,dc=example',
  ' #lead',
  '#hash',
  'back\\2a',
  '😀 Lučić',
  '"quoted"',
  'a+b=c;<d>',
  'trailing\\',
]

const oddEntries = oddNames
  .map((name, index) => {
    const at = Buffer.from(`uid=${escapeDnValue(name)},${people}`).toString('base64')
    const uid = Buffer.from(name).toString('base64')
    return `dn:: ${at}\nobjectClass: inetOrgPerson\ncn: odd\nsn: odd\nuid:: ${uid}\nuserPassword: odd ${index}\n`
  })
  .join('\n')

describe.skipIf(!slapd)('ldap() against slapd', () => {
  let server: Slapd
  beforeAll(async () => {
    server = await startSlapd({ entries: oddEntries })
  })
  afterAll(() => server?.stop())

  const searched = (options: Partial<LdapOptions> = {}) => ldap({ url: server.url, service, search, ...options })
  const bound = (options: Partial<LdapOptions> = {}) => ldap({ url: server.url, bind: { dn }, ...options })

  describe.each([
    ['search then bind', searched],
    ['bind by a template', bound],
  ])('%s', (_, make) => {
    it('lets in whoever knows the password, and nobody else', async () => {
      const validate = make()
      const login = (username: string, password: string) => validate({ username, password }, { signal })
      expect(await login('ada', 'lovelace')).toMatchObject({ name: 'ada', dn: `uid=ada,${people}`, roles: [] })
      expect(await login('grace', 'hopper£ü')).toMatchObject({ name: 'grace' })
      expect(await login('ada', 'byron')).toMatchObject({ reason: 'wrong-secret' })
      expect(await login('eve', 'lovelace')).toMatchObject({ kind: 'InvalidCredentials' })
      validate.close()
    })

    it('says why a right password is not enough', async () => {
      const validate = make()
      const login = (username: string, password: string) => validate({ username, password }, { signal })
      expect(await login('edsger', 'dijkstra')).toMatchObject({ reason: 'locked' })
      expect(await login('margaret', 'hamilton')).toMatchObject({ reason: 'must-change' })
      expect(await login('barbara', 'liskov')).toMatchObject({ reason: 'expired' })
      expect(await login('donald', 'knuth')).toMatchObject({
        name: 'donald',
        warnings: { graceLogins: expect.any(Number) },
      })
      validate.close()
    })

    it('refuses empty names and passwords, which this server says yes to', async () => {
      const bare = new Client({ url: server.url })
      await bare.bind(`uid=ada,${people}`, '')
      await bare.unbind()
      const validate = make()
      for (const [username, password] of [
        ['ada', ''],
        ['', 'lovelace'],
        ['', ''],
        ['ada', '\0'],
        ['\0', 'lovelace'],
      ] as const) {
        expect(await validate({ username, password }, { signal })).toMatchObject({ kind: 'InvalidCredentials' })
      }
      validate.close()
    })

    it.each(oddNames)('takes the username %j literally', async (name) => {
      const validate = make()
      const password = `odd ${oddNames.indexOf(name)}`
      expect(await validate({ username: name, password }, { signal })).toMatchObject({ name })
      expect(await validate({ username: name, password: 'lovelace' }, { signal })).toMatchObject({
        reason: 'wrong-secret',
      })
      validate.close()
    })

    it.each([
      '*)(uid=*',
      'ada)(uid=*',
      'ad*',
      'ada,ou=people',
      `ada,${people}`,
      'ada\0',
      '\\61da',
      'ada\\2a',
      ' ada,',
      '#616461',
      'ada+uid=ada',
      '\ud800',
    ])('lets nobody in as %j with a password of ada’s', async (username) => {
      const validate = make()
      expect(await validate({ username, password: 'lovelace' }, { signal })).toMatchObject({
        kind: 'InvalidCredentials',
      })
      validate.close()
    })
  })

  it.each(['ADA', ' ada ', '\u{1d41a}da'])(
    'knows ada by %j, as the directory does, and her entry stays the same',
    async (username) => {
      const validate = searched()
      expect(await validate({ username, password: 'lovelace' }, { signal })).toMatchObject({
        name: username,
        dn: `uid=ada,${people}`,
      })
      validate.close()
    },
  )

  it('reads attributes as text and as octets, and gives them to the principal', async () => {
    const validate = ldap({
      url: server.url,
      bind: { dn },
      service,
      attributes: ['mail', 'description'],
      binaryAttributes: ['jpegPhoto'],
      principal: ({ name, attributes }) => ({
        name,
        mail: attributes.mail,
        photo: attributes.jpegPhoto[0],
        nothing: attributes.description,
      }),
    })
    expect(await validate({ username: 'ada', password: 'lovelace' }, { signal })).toEqual({
      name: 'ada',
      mail: ['ada@example.com', 'ada.lovelace@example.com'],
      photo: Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0x00),
      nothing: [],
    })
    validate.close()
  })

  it('cannot decide when a search finds two, and lets in neither', async () => {
    const validate = searched({ search: { base: people, filter: '(|(uid={username})(uid=alan))' } })
    await expect(validate({ username: 'ada', password: 'lovelace' }, { signal })).rejects.toMatchObject({
      code: 'ambiguous-user',
      retryable: false,
    })
    expect(await validate({ username: 'nobody', password: 'enigma' }, { signal })).toMatchObject({
      name: 'nobody',
      dn: `uid=alan,${people}`,
    })
    validate.close()
  })

  it('searches right below the base with the scope one', async () => {
    const validate = searched({ search: { ...search, base: suffix, scope: 'one' } })
    expect(await validate({ username: 'ada', password: 'lovelace' }, { signal })).toMatchObject({ reason: 'unknown' })
    validate.close()
  })

  it('answers an Error, never a wrong password, when the service account is refused', async () => {
    const validate = searched({ service: { ...service, password: 'wrong' } })
    await expect(validate({ username: 'ada', password: 'lovelace' }, { signal })).rejects.toMatchObject({
      kind: 'Error',
      code: 'service-account-refused',
    })
    validate.close()
  })

  it('tries a decoy when the user is unknown, and answers unknown all the same', async () => {
    const validate = searched({ decoyDn })
    expect(await validate({ username: 'eve', password: 'x' }, { signal })).toMatchObject({ reason: 'unknown' })
    validate.close()
  })

  it('remembers a right password for as long as it is told, and no wrong one', async () => {
    let now = 0
    const validate = searched({ remember: { seconds: 30 }, clock: () => now })
    const login = (password: string) => validate({ username: 'ada', password }, { signal })
    expect(await login('lovelace')).toMatchObject({ name: 'ada' })
    await server.halt()
    try {
      expect(await login('lovelace')).toMatchObject({ name: 'ada' })
      await expect(login('byron')).rejects.toMatchObject({ kind: 'Error' })
      now = 31
      await expect(login('lovelace')).rejects.toMatchObject({ kind: 'Error' })
    } finally {
      await server.restart()
    }
    now = 60
    expect(await login('lovelace')).toMatchObject({ name: 'ada' })
    validate.close()
  })
})

describe.skipIf(!slapd || !openssl)('ldap() against slapd with TLS', () => {
  let server: Slapd
  beforeAll(async () => {
    server = await startSlapd({ secure: true })
  })
  afterAll(() => server?.stop())

  const login = async (options: Partial<LdapOptions>, username = 'ada', password = 'lovelace') => {
    const validate = ldap({ url: server.secureUrl, service, search, ...options })
    try {
      return await validate({ username, password }, { signal })
    } finally {
      validate.close()
    }
  }

  it('logs in by LDAPS and by StartTLS', async () => {
    const tls = { ca: server.tls?.ca }
    expect(await login({ tls })).toMatchObject({ name: 'ada' })
    expect(await login({ url: server.namedUrl, startTls: true, tls })).toMatchObject({ name: 'ada' })
    expect(await login({ url: server.namedUrl, startTls: true, tls }, 'ada', 'byron')).toMatchObject({
      reason: 'wrong-secret',
    })
  })

  it.each(['LDAPS', 'StartTLS'])(
    'answers an Error by %s when the certificate is not trusted, or is for another name',
    async (way) => {
      const ways = way === 'LDAPS' ? { url: server.secureUrl } : { url: server.namedUrl, startTls: true }
      const byAddress = { ...ways, url: ways.url.replace('localhost', '127.0.0.1') }
      for (const wrong of [
        { ...ways, tls: { ca: server.tls?.wrongCa } },
        { ...ways },
        { ...byAddress, tls: { ca: server.tls?.ca } },
        { ...ways, tls: { ca: server.tls?.ca, servername: 'elsewhere.example' } },
      ]) {
        await expect(login(wrong)).rejects.toMatchObject({ kind: 'Error', retryable: true })
      }
      expect(await login({ ...byAddress, tls: { ca: server.tls?.ca, servername: 'localhost' } })).toMatchObject({
        name: 'ada',
      })
    },
  )

  it.each(['EXTERNAL', 'PLAIN', 'DIGEST-MD5', 'SCRAM-SHA-1'])(
    'never makes a SASL bind of the username %s, with which the service itself would be let in',
    async (mechanism) => {
      const { ca, clientCert: cert, clientKey: key } = server.tls ?? {}
      if (ca === undefined || cert === undefined || key === undefined) throw new Error('no certificates')
      if (mechanism === 'EXTERNAL') {
        const socket = connectTls({ ca, cert, key, host: 'localhost', port: Number(new URL(server.secureUrl).port) })
        const bare = new Client({ url: 'ldap://localhost', createConnection: () => socket })
        await bare.bind('EXTERNAL', `dn:${service.dn}`)
        await bare.unbind()
      }
      const tls = { ca, cert, key }
      for (const password of [service.dn, `dn:${service.dn}`, 'lovelace']) {
        expect(await login({ tls }, mechanism, password)).toMatchObject({ kind: 'InvalidCredentials' })
        expect(await login({ tls, bind: { name: '{username}' } }, mechanism, password)).toMatchObject({
          kind: 'InvalidCredentials',
        })
      }
    },
  )
})
