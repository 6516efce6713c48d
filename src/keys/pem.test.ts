import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importKey } from './index.ts'
import { readPem } from './pem.ts'
import { VerificationKey } from './verification-key.ts'

const certificate = `-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIUSJ7IC4b4qnUsmVPiv/9oJ6Mx3cswCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKaWQuZXhhbXBsZTAgFw0yNjExMjQwNTIyMTJaGA8yMTI2MTAz
MTA1MjIxMlowFTETMBEGA1UEAwwKaWQuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABBJ8XIZDmRwM0z7g6CXx4cqNhlM8rTWco62Q0ZjgCn7DnnsEZABR
DnXAgkEd875Pz9lJm0CNhyupKqlNM/L2VAGjUzBRMB0GA1UdDgQWBBS+anq4Nwxt
0ZzR8zU7wabd1nBuSzAfBgNVHSMEGDAWgBS+anq4Nwxt0ZzR8zU7wabd1nBuSzAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCzKE0UYiYbqa1xEouQ
NXt3jYo4Jx9q4cLR7iDx1y5SZwIgaU59Lz7A7an2JyxKUly+40MPpSnCeZCglVk1
Qj1+/G0=
-----END CERTIFICATE-----`

const keyOfCertificate = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEnxchkOZHAzTPuDoJfHhyo2GUzyt
NZyjrZDRmOAKfsOeewRkAFEOdcCCQR3zvk/P2UmbQI2HK6kqqU0z8vZUAQ==
-----END PUBLIC KEY-----`

function spki(key: KeyObject): string {
  return String(key.export({ type: 'spki', format: 'pem' }))
}

function rsaPss(hash: string | undefined, mgf1: string, salt: number): string {
  if (hash === undefined) return spki(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey)
  const parameters = { modulusLength: 2048, hashAlgorithm: hash, mgf1HashAlgorithm: mgf1, saltLength: salt }
  // The types of Node want the length of the salt as a text, Node itself as a number.
  const pair: { publicKey: KeyObject } = Reflect.apply(generateKeyPairSync, undefined, ['rsa-pss', parameters])
  return spki(pair.publicKey)
}

const { publicKey: rsa, privateKey: rsaPrivate } = generateKeyPairSync('rsa', { modulusLength: 2048 })

describe('a PEM text', () => {
  it.each([
    ['RSA', rsa],
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey],
  ])('of a public %s key is the key that Node reads', (_what, key) => {
    const imported = importKey(spki(key), { kid: 'id' })
    expect(imported.kid).toBe('id')
    expect(VerificationKey.materialOf(imported)).toEqual({ kind: 'public', jwk: key.export({ format: 'jwk' }) })
  })

  it('of the older form for RSA is the same key', () => {
    const older = importKey(String(rsa.export({ type: 'pkcs1', format: 'pem' })))
    expect(VerificationKey.materialOf(older)).toEqual(VerificationKey.materialOf(importKey(spki(rsa))))
  })

  it('of a certificate is the key in it', () => {
    expect(VerificationKey.materialOf(importKey(certificate))).toEqual(
      VerificationKey.materialOf(importKey(keyOfCertificate)),
    )
  })

  it('may have text around it, other line ends, and further certificates after it', () => {
    const text = `Bag Attributes\r\n${certificate.replaceAll('\n', '\r\n')}\r\n${certificate}\n`
    expect(importKey(text).algorithms).toEqual(['ES256'])
  })

  it.each([
    ['a private key', String(rsaPrivate.export({ type: 'pkcs8', format: 'pem' })), 'is private'],
    ['an older private key', String(rsaPrivate.export({ type: 'pkcs1', format: 'pem' })), 'is private'],
    ['RSA of 1024 bits', spki(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), 'less than 2048 bits'],
    [
      'secp256k1',
      spki(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      'a curve that is not supported',
    ],
    ['Ed448', spki(generateKeyPairSync('ed448').publicKey), 'a type that is not supported'],
    ['X25519', spki(generateKeyPairSync('x25519').publicKey), 'a type that is not supported'],
    ['another label', keyOfCertificate.replaceAll('PUBLIC KEY', 'X509 CRL'), 'neither a public key nor a certificate'],
    ['no end', keyOfCertificate.slice(0, -10), 'cut short'],
    ['foreign characters', keyOfCertificate.replace('MFkw', 'M*kw'), 'not base64'],
    ['nothing in it', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----', 'no public key can be read'],
    ['a length of its own', `${certificate}${'\n'.repeat(70_000)}`, 'too long'],
  ])('with %s is refused', (_what, text, problem) => {
    expect(() => importKey(text)).toThrow(problem)
  })
})

describe('an RSA-PSS key', () => {
  it.each([
    [undefined, '', 0, ['PS256', 'PS384', 'PS512']],
    ['sha256', 'sha256', 32, ['PS256']],
    ['sha384', 'sha384', 48, ['PS384']],
    ['sha512', 'sha512', 64, ['PS512']],
    ['sha512', 'sha512', 0, ['PS512']],
  ])('for hash %s, MGF1 with %s and a salt from %i octets serves %j alone', (hash, mgf1, salt, algorithms) => {
    expect(importKey(rsaPss(hash, mgf1, salt)).algorithms).toEqual(algorithms)
  })

  it.each([
    ['sha1', 'sha1', 20],
    ['sha256', 'sha1', 32],
    ['sha256', 'sha512', 32],
    ['sha256', 'sha256', 33],
    ['sha256', 'sha256', 200],
    ['sha224', 'sha224', 28],
    ['sha512-256', 'sha512-256', 32],
  ])('for hash %s, MGF1 with %s and a salt from %i octets is refused', (hash, mgf1, salt) => {
    expect(() => importKey(rsaPss(hash, mgf1, salt))).toThrow('is an RSA-PSS key with parameters that no algorithm has')
  })

  it('serves no RS algorithm and not another PS algorithm', () => {
    const pem = rsaPss('sha256', 'sha256', 32)
    for (const alg of ['RS256', 'PS384', 'PS512']) {
      expect(() => importKey(pem, { alg })).toThrow('does not go with its algorithm')
    }
  })
})

describe('readPem()', () => {
  it('answers something for every text, and for every mutation of a key', () => {
    fc.assert(fc.property(fc.string(), (text) => void expect(readPem(text)).toBeDefined()))
    const pem = rsaPss('sha256', 'sha256', 32)
    const body = fc.record({
      original: fc.constantFrom(pem, certificate, keyOfCertificate),
      at: fc.nat(600),
      octet: fc.nat(255),
    })
    fc.assert(
      fc.property(body, ({ original, at, octet }) => {
        const [, label = '', base64 = ''] = /^-----BEGIN ([A-Z ]+)-----([^-]+)/.exec(original) ?? []
        const der = Buffer.from(base64, 'base64')
        der[at % der.length] = octet
        const text = `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----`
        expect(readPem(text)).toBeDefined()
      }),
      { numRuns: 2000 },
    )
  })
})
