import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuthenticationError } from '../../core/cause.ts'
import type { PasswordOctets } from './format.ts'
import { legacyFormats } from './legacy-formats.ts'

const formats = legacyFormats()

function octets(password: string): PasswordOctets {
  const nfc = password.normalize('NFC')
  const encoder = new TextEncoder()
  return { received: encoder.encode(password), normalised: nfc === password ? undefined : encoder.encode(nfc) }
}

async function verify(stored: string, password: string, among = formats): Promise<boolean> {
  const format = among.find((each) => each.recognises(stored))
  if (format === undefined) throw new Error('no format recognises it')
  return format.matches(stored, octets(password), undefined)
}

const unsupported = expect.objectContaining({ code: 'hash-unsupported', retryable: true })

// Computed by Python's hashlib, so that they are not this code's own opinion.
const pbkdf2 = {
  'Django, SHA-256': 'pbkdf2_sha256$1200$seasalt$o1GNTavDBbrKK7a64SqUwALfSBiLSjIVl+HdtWkfRPE=',
  'Django, SHA-1': 'pbkdf2_sha1$1200$seasalt$h0cGcAK14QAcjjkiLQZ6tX9P/KU=',
  'ASP.NET Identity, version 2': 'AAABAgMEBQYHCAkKCwwNDg+d2FbDdriytxO2vgdAVMuIpGVW4BGF6o0NJn8znGUhaQ==',
  'ASP.NET Identity, SHA-1': 'AQAAAAAAAASwAAAAEAABAgMEBQYHCAkKCwwNDg+UVPDL7tRBJiDLPK3/CixJd+yN9s6hu0Vu0KPQvsIwdg==',
  'ASP.NET Identity, SHA-256': 'AQAAAAEAAASwAAAAEAABAgMEBQYHCAkKCwwNDg92Mb5D56P4eMs5g7ELe0T3ABPmiiyfq5Xw//18b+PPMg==',
  'ASP.NET Identity, SHA-512': 'AQAAAAIAAASwAAAAEAABAgMEBQYHCAkKCwwNDg/kXBGXJUPa9mwdx+8Flv+FLb+GQdF3vZGcmKJsDlfTQQ==',
  '{SSHA}, a salt of 4 bytes': '{SSHA}LhKrkM9Fy+zlstjdD7Kv2s6QvhBzYWx0',
  '{SSHA}, a salt of 8 bytes': '{SSHA}TUJSOZXEpsO0ugaXv1z4WCS+DMwAAQIDBAUGBw==',
}

describe('legacyFormats()', () => {
  it.each(Object.entries(pbkdf2))('verify a hash of %s and no other password', async (_name, stored) => {
    expect(await verify(stored, 'correct horse')).toBe(true)
    expect(await verify(stored, 'correct horsf')).toBe(false)
    expect(await verify(stored, '')).toBe(false)
  })

  it('take a Django salt for UTF-8', async () => {
    const stored = 'pbkdf2_sha256$1200$seesälz$n3MtofHZi3rvOfWR0LqmJFWEtneX1keNp9TQ3SMAY5w='
    expect(await verify(stored, 'päss wörd')).toBe(true)
  })

  it('take {sha} and {ssha} in small letters too, as LDAP does', async () => {
    expect(await verify('{ssha}LhKrkM9Fy+zlstjdD7Kv2s6QvhBzYWx0', 'correct horse')).toBe(true)
  })

  it('try a password as received first, then in NFC', async () => {
    const decomposed = 'pa\u0308ss'
    expect(await verify('{SHA}y+3WaiGCaJMgeMjIheFOgwTFyfY=', decomposed)).toBe(true)
    expect(await verify('{SHA}ta81cOE4wM/twp7YSmra6UHf0uo=', decomposed)).toBe(true)
    expect(await verify('{SHA}ta81cOE4wM/twp7YSmra6UHf0uo=', 'päss')).toBe(true)
    expect(await verify('{SHA}y+3WaiGCaJMgeMjIheFOgwTFyfY=', 'päss')).toBe(false)
  })

  it.each([
    ['yescrypt', '$y$j9T$x$y'],
    ['gost-yescrypt', '$gy$j9T$x$y'],
    ['scrypt of crypt(3)', '$7$CU..../....x$y'],
    ['sha1crypt', '$sha1$12$x$y'],
    ['SunMD5', '$md5$x$y'],
    ['SunMD5 with rounds', '$md5,rounds=904$x$y'],
    ['DES-crypt', '8svB1FMo4v4M.'],
    ['extended DES-crypt', '_J9..CCCCXBrJUJV154M'],
    ['bcrypt $2x$', '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['bcrypt $2$', '$2$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  ])('recognise %s and answer an Error, never "wrong password"', async (_name, stored) => {
    await expect(verify(stored, 'x')).rejects.toEqual(unsupported)
  })

  it.each([
    ['bcrypt without a digest', '$2b$12$incorrect'],
    ['bcrypt with a cost of one digit', '$2b$3$mdEQPMOtfPX.WGZNXgF66OhmBlOGKEd66SQ7DyJPGucYYmvTJYviy'],
    ['bcrypt with a cost below 4', '$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['bcrypt with a cost above 31', '$2b$32$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['bcrypt whose last character has bits to spare', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeX'],
    ['md5-crypt without a digest', '$apr1$notahash'],
    ['md5-crypt with a salt of 9', '$1$abcdefghi$3VEFvYjOvLeslZkqpLoqn.'],
    ['md5-crypt whose last character is too large', '$1$CCCCCCCC$3VEFvYjOvLeslZkqpLoqnz'],
    ['md5-crypt with a line end behind it', '$1$CCCCCCCC$3VEFvYjOvLeslZkqpLoqn.\n'],
    ['sha-crypt with rounds below 1,000', '$5$rounds=999$saltstring$TzAJABAaJwl111nyuH1uQy8kjHahyMHq1D7Y09hLQV1'],
    ['sha-crypt with a leading zero', '$5$rounds=01000$saltstring$TzAJABAaJwl111nyuH1uQy8kjHahyMHq1D7Y09hLQV1'],
    ['sha-crypt of the wrong length', '$6$saltstring$TzAJABAaJwl111nyuH1uQy8kjHahyMHq1D7Y09hLQV1'],
    ['{SHA} with 19 bytes', '{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAA=='],
    ['{SHA} with a salt', '{SHA}LhKrkM9Fy+zlstjdD7Kv2s6QvhBzYWx0'],
    ['{SSHA} without a salt', '{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ='],
    ['{SSHA} with a huge salt', `{SSHA}${'AAAA'.repeat(1000)}`],
    ['{SHA} that is not base64', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ*'],
    ['Django with 31 bytes', 'pbkdf2_sha256$1200$seasalt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=='],
    ['Django without iterations', 'pbkdf2_sha256$0$seasalt$o1GNTavDBbrKK7a64SqUwALfSBiLSjIVl+HdtWkfRPE='],
    ['Django without salt', 'pbkdf2_sha256$1200$$o1GNTavDBbrKK7a64SqUwALfSBiLSjIVl+HdtWkfRPE='],
    [
      'ASP.NET with an unknown function',
      'AQAAAAMAAASwAAAAEAABAgMEBQYHCAkKCwwNDg8AAQIDBAUGBwgJCgsMDQ4PAAECAwQFBgcICQoLDA0ODw==',
    ],
    [
      'ASP.NET without iterations',
      'AQAAAAEAAAAAAAAAEAABAgMEBQYHCAkKCwwNDg8AAQIDBAUGBwgJCgsMDQ4PAAECAwQFBgcICQoLDA0ODw==',
    ],
    ['ASP.NET with a salt of 8 bytes', 'AQAAAAEAAASwAAAACAABAgMEBQYHAAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8='],
    [
      'ASP.NET with a salt of 4 GB',
      'AQAAAAEAAASw/////wABAgMEBQYHCAkKCwwNDg8AAQIDBAUGBwgJCgsMDQ4PAAECAwQFBgcICQoLDA0ODw==',
    ],
    ['ASP.NET that is too short', 'AQAAAAEAAASwAAAAEAABAgM='],
  ])('answer an Error to %s', async (_name, stored) => {
    await expect(verify(stored, 'x')).rejects.toEqual(unsupported)
  })

  it.each([
    ['"maximumBcryptCost"', '$2b$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['"maximumShaCryptRounds"', `$6$rounds=100001$saltstring$${'.'.repeat(86)}`],
    ['"maximumPbkdf2Iterations"', 'pbkdf2_sha256$2000001$seasalt$o1GNTavDBbrKK7a64SqUwALfSBiLSjIVl+HdtWkfRPE='],
    [
      '"maximumPbkdf2Iterations"',
      'AQAAAAEALcbAAAAAEAABAgMEBQYHCAkKCwwNDg8AAQIDBAUGBwgJCgsMDQ4PAAECAwQFBgcICQoLDA0ODw==',
    ],
  ])('compute nothing above %s and name the option', async (option, stored) => {
    await expect(verify(stored, 'x')).rejects.toThrow(option)
    await expect(verify(stored, 'x')).rejects.toEqual(unsupported)
  })

  it('compute more where the cap is raised', async () => {
    const raised = legacyFormats({ accept: ['django'], maximumPbkdf2Iterations: 1200 })
    expect(await verify(pbkdf2['Django, SHA-256'], 'correct horse', raised)).toBe(true)
    const lowered = legacyFormats({ accept: ['django'], maximumPbkdf2Iterations: 1199 })
    await expect(verify(pbkdf2['Django, SHA-256'], 'correct horse', lowered)).rejects.toEqual(unsupported)
  })

  it('still recognise what "accept" leaves out, and refuse it', async () => {
    const some = legacyFormats({ accept: ['ldap-sha'] })
    expect(await verify(pbkdf2['{SSHA}, a salt of 4 bytes'], 'correct horse', some)).toBe(true)
    await expect(verify(pbkdf2['Django, SHA-256'], 'correct horse', some)).rejects.toThrow('"accept" leaves out')
    await expect(verify('$2b$12$incorrect', 'x', some)).rejects.toEqual(unsupported)
  })

  it.each([
    [{ maximumBcryptCost: 3 }, '"maximumBcryptCost" must be a whole number from 4 to 31'],
    [{ maximumBcryptCost: 32 }, '"maximumBcryptCost" must be a whole number from 4 to 31'],
    [{ maximumShaCryptRounds: 999 }, '"maximumShaCryptRounds" must be a whole number from 1000 to 999999999'],
    [{ maximumPbkdf2Iterations: 1.5 }, '"maximumPbkdf2Iterations" must be a whole number from 1 to 999999999'],
    [{ accept: ['md4'] }, '"accept" must be a list of bcrypt, md5-crypt'],
  ])('refuse the options %j', (options, message) => {
    expect(() => Reflect.apply(legacyFormats, undefined, [options])).toThrow(TypeError)
    expect(() => Reflect.apply(legacyFormats, undefined, [options])).toThrow(message)
  })

  it('put neither password nor hash into a message', async () => {
    const stored = [
      '$apr1$CANARYhash',
      '{SHA}CANARYhash',
      '$2b$12$CANARYhash',
      '$5$CANARYhash',
      'pbkdf2_sha1$CANARYhash',
    ]
    for (const each of stored) {
      const error: unknown = await verify(each, 'CANARYpassword').catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(AuthenticationError)
      expect(`${error} ${JSON.stringify(error)}`).not.toContain('CANARY')
    }
  })

  it('answer a boolean or hash-unsupported for whatever is stored', async () => {
    const prefixes = [
      '$2b$04$',
      '$1$',
      '$apr1$',
      '$5$',
      '$6$rounds=',
      '{SHA}',
      '{ssha}',
      'pbkdf2_sha1$',
      'AQAAAA',
      '_',
      '',
    ]
    const stored = fc.tuple(fc.constantFrom(...prefixes), fc.string({ unit: 'binary', maxLength: 100 }))
    await fc.assert(
      fc.asyncProperty(stored, async ([prefix, rest]) => {
        const text = prefix + rest
        if (!formats.some((format) => format.recognises(text))) return
        const outcome: unknown = await verify(text, 'x').catch((error: unknown) => error)
        expect(typeof outcome === 'boolean' ? outcome : outcome).toEqual(
          typeof outcome === 'boolean' ? expect.any(Boolean) : unsupported,
        )
      }),
      { numRuns: 500 },
    )
  })
})
