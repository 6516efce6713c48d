import { createPublicKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeBase64 } from '../../wire/base64.ts'
import { encodeUtf8 } from '../../wire/text.ts'
import { isMethod, isSignedByKey, isSignedBySecrets, signBySecrets } from './methods.ts'
import { readPem } from './pem.ts'

interface Vector {
  readonly id: string
  readonly base_string?: string
  readonly base_string_computed?: string
  readonly signature_method?: string
  readonly consumer_secret?: string
  readonly token_secret?: string
  readonly signature?: string
  readonly public_key_pem?: string
  readonly public_cert_pem?: string
  readonly private_key_pem?: string
  readonly expect_fail?: boolean
}

const own = new URL('../../../test/vectors/05-oauth1/rfc5849.json', import.meta.url)
const shared = new URL('../../../../shared/vectors/05-oauth1/oauth1.json', import.meta.url)

function vectorsIn(file: URL): readonly Vector[] {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).cases : []
}

async function isRight(vector: Vector): Promise<boolean> {
  const { signature_method: method = 'HMAC-SHA1', consumer_secret: consumerSecret = '' } = vector
  const { token_secret: tokenSecret = '', signature = '' } = vector
  if (!isMethod(method)) throw new Error(`${method} is not known`)
  const baseString = vector.base_string ?? vector.base_string_computed ?? ''
  return isSignedBySecrets(method, baseString, { consumerSecret, tokenSecret }, signature)
}

const bySecrets = (vectors: readonly Vector[]) =>
  vectors.filter(({ consumer_secret: secret, signature }) => secret !== undefined && signature !== undefined)
/** Issue 6 names the methods; nobody's registry has these. */
const isUnoffered = ({ signature_method: method = '' }: Vector) => method.endsWith('SHA512')

describe('signatures of RFC 5849', () => {
  it.each(bySecrets(vectorsIn(own)))('verifies the one of $id, unless the vector is flagged', async (vector) => {
    expect(await isRight(vector)).toBe(vector.expect_fail !== true)
  })

  it('has the one that is printed wrong (erratum 2550)', () => {
    expect(vectorsIn(own).filter(({ expect_fail: flagged }) => flagged)).toHaveLength(1)
  })
})

describe.skipIf(!existsSync(shared))('signatures of other implementations, in ../shared/vectors', () => {
  const vectors = vectorsIn(shared)

  it.each(bySecrets(vectors).filter((vector) => !isUnoffered(vector)))(
    'verifies $id, unless flagged',
    async (vector) => {
      expect(await isRight(vector)).toBe(vector.expect_fail !== true)
    },
  )

  it('leaves out the methods with SHA-512, which are not offered', () => {
    const names = vectors.filter(isUnoffered).map(({ signature_method: method }) => method)
    expect(names).toEqual(['HMAC-SHA512', 'RSA-SHA512'])
    for (const name of names) expect(isMethod(name)).toBe(false)
  })

  // Their keys have 1024 bits, so that `isSignedByKey` refuses them; the same call of Web Crypto verifies them.
  it.each(vectors.filter((vector) => vector.signature_method?.startsWith('RSA-') && !isUnoffered(vector)))(
    'verifies $id by the key that is too short, and refuses the key',
    async (vector) => {
      const { base_string: baseString = '', signature = '', signature_method: method = '' } = vector
      const key =
        vector.public_cert_pem === undefined
          ? createPublicKey(vector.public_key_pem ?? '')
          : new X509Certificate(vector.public_cert_pem).publicKey
      const pem = key.export({ type: 'spki', format: 'pem' }).toString()
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: method === 'RSA-SHA1' ? 'SHA-1' : 'SHA-256' }
      const spki = readPem(pem, 'PUBLIC KEY') ?? new Uint8Array()
      const imported = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify'])
      const octets = decodeBase64(signature) ?? new Uint8Array()
      expect(await crypto.subtle.verify(algorithm, imported, octets, encodeUtf8(baseString))).toBe(true)
      if (!isMethod(method)) throw new Error(`${method} is not known`)
      await expect(isSignedByKey(method, baseString, pem, signature)).rejects.toThrow('2048 bits')
    },
  )
})

describe('PLAINTEXT', () => {
  it.each([
    // RFC 5849 has no example; these follow from section 3.4.4.
    ['djr9rjt0jd78jf88', 'jjd99$tj88uiths3', 'djr9rjt0jd78jf88&jjd99%24tj88uiths3'],
    ['djr9rjt0jd78jf88', '', 'djr9rjt0jd78jf88&'],
    ['&', '%', '%26&%25'],
  ])('is the secrets %s and %s, encoded', async (consumerSecret, tokenSecret, wanted) => {
    expect(await signBySecrets('PLAINTEXT', 'whatever', { consumerSecret, tokenSecret })).toBe(wanted)
  })
})

describe('readPem()', () => {
  const pem = '-----BEGIN PUBLIC KEY-----\nAAAA\nAAAA\n-----END PUBLIC KEY-----\n'

  it('reads what is between the lines', () => {
    expect(readPem(pem, 'PUBLIC KEY')).toEqual(new Uint8Array(6))
  })

  it.each([
    '',
    pem.replaceAll('PUBLIC', 'PRIVATE'),
    pem.replace('AAAA', 'AAA'),
    pem.replace('AAAA', 'AA*A'),
    pem.replace('-----END', '----END'),
    '-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----',
    '-----BEGIN PUBLIC KEY-----',
    pem.replace('AAAA', 'A'.repeat(20_000)),
  ])('refuses %j', (text) => {
    expect(readPem(text, 'PUBLIC KEY')).toBeUndefined()
  })
})
