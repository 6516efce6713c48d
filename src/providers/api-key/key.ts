import { randomBytes, sha256 } from '#crypto'
import { constantTimeEqual } from '../../crypto/index.ts'
import { encodeBase64Url } from '../../wire/base64.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BASE = ALPHABET.length
// The largest multiple of 62 in an octet: what lies above would make some characters likelier than others.
const UNBIASED = 248
const RANDOM_CHARACTERS = 30
const CHECKSUM_CHARACTERS = 6
const DRAW_BYTES = 40
// A sound source hardly ever needs a second one.
const MAXIMUM_DRAWS = 16
const LONGEST_PREFIX = 32

const hashForm = /^sha256:[\w-]{43}$/
const reflectedPolynomial = 0xedb88320

/**
 * Makes a new API key: `<prefix>_`, 30 random characters (178 bits) and six of checksum, all letters and digits.
 *
 * The prefix tells people and secret scanners whose key it is, the checksum sorts out typing errors and false alarms
 * without asking a database. Show the key once and store `hashApiKey(key)`.
 *
 * @example
 * import { generateApiKey, hashApiKey } from 'becauth/api-key'
 *
 * declare const table: { add(hash: string, owner: number): Promise<void> }
 *
 * export const key = generateApiKey('acme_live')
 * await table.add(await hashApiKey(key), 7)
 *
 * @param prefix small letters, digits and single `-` or `_` between them, a letter first, at most 32 characters
 * @param random gives that many random bytes. Default: the system's source.
 * @throws TypeError when the prefix is another text.
 * @throws RangeError when `random` does not give random bytes.
 */
export function generateApiKey(prefix: string, random: (bytes: number) => Uint8Array = randomBytes): string {
  mustBePrefix(prefix, 'generateApiKey()')
  const text = `${prefix}_${randomCharacters(random)}`
  return text + checksum(text)
}

/**
 * Tells whether a text looks like a key that `generateApiKey(prefix)` made: the prefix, the length, the characters and
 * the checksum. It says nothing about whether the key is any good; everybody can make one that looks so.
 *
 * @throws TypeError when the prefix is not one that `generateApiKey` takes. Never because of the key.
 */
export function isWellFormedApiKey(key: string, prefix: string): boolean {
  mustBePrefix(prefix, 'isWellFormedApiKey()')
  const end = prefix.length + 1 + RANDOM_CHARACTERS
  if (typeof key !== 'string' || key.length !== end + CHECKSUM_CHARACTERS || !key.startsWith(`${prefix}_`)) return false
  return /^[0-9A-Za-z]+$/.test(key.slice(prefix.length + 1)) && key.slice(end) === checksum(key.slice(0, end))
}

/**
 * Hashes a key for the table of keys and for looking it up there: `sha256:` and 43 characters of base64url.
 *
 * One SHA-256 is right here, as it would not be for passwords: slow and salted hashes make guessing expensive, and 160 bits
 * of randomness cannot be guessed at any price. The hash is the same each time, so it is the row's key, and who steals
 * the table has no keys. Do not use it for keys that people choose.
 *
 * It is a promise on every runtime. Forgetting `await` opens nothing: no row is found under a promise, and
 * `constantTimeEqual` throws at one.
 *
 * @example
 * import { apiKey, hashApiKey } from 'becauth/api-key'
 *
 * declare const table: Map<string, { owner: number }>
 *
 * export const machines = apiKey({ validate: async ({ key }) => table.get(await hashApiKey(key)) ?? null })
 */
export async function hashApiKey(key: string): Promise<string> {
  return `sha256:${encodeBase64Url(await sha256(key))}`
}

/**
 * Answers `principal` when the key is the one whose hash was stored, else `null`, which is what `validate` answers. The
 * hashes are compared in constant time. For a key that is found otherwise than by its hash: one in the configuration,
 * one of a tenant.
 *
 * Deliberately not a boolean: a promise of `false` that nobody awaits is as good as `true`, while a promise of `null`
 * returned from `validate` is still a no.
 *
 * @example
 * import { apiKey, verifyApiKey } from 'becauth/api-key'
 *
 * declare const storedHash: string
 *
 * export const scraper = apiKey({ validate: ({ key }) => verifyApiKey(key, storedHash, { job: 'metrics' }) })
 *
 * @throws TypeError (as a rejection) when `stored` is not what `hashApiKey` answers, such as the key itself.
 */
export async function verifyApiKey<P extends object>(key: string, stored: string, principal: P): Promise<P | null> {
  if (typeof stored !== 'string' || !hashForm.test(stored)) {
    throw new TypeError('verifyApiKey(): "stored" must be an answer of hashApiKey()')
  }
  return constantTimeEqual(await hashApiKey(key), stored) ? principal : null
}

/** @throws TypeError in the name of `caller` when a prefix cannot be used. */
export function mustBePrefix(prefix: unknown, caller: string): void {
  if (
    typeof prefix === 'string' &&
    prefix.length <= LONGEST_PREFIX &&
    /^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$/.test(prefix)
  ) {
    return
  }
  throw new TypeError(
    `${caller}: "prefix" must be at most 32 small letters and digits, a letter first, with single "-" or "_" between them`,
  )
}

function randomCharacters(random: (bytes: number) => Uint8Array): string {
  let text = ''
  for (let draw = 0; draw < MAXIMUM_DRAWS; draw++) {
    for (const byte of random(DRAW_BYTES)) {
      if (byte < UNBIASED) text += ALPHABET[byte % BASE]
      if (text.length === RANDOM_CHARACTERS) return text
    }
  }
  throw new RangeError('generateApiKey(): "random" must give as many random bytes as it is asked for')
}

/** CRC-32 (ISO 3309, that of gzip) of an ASCII text, in six characters, the most significant first. */
function checksum(text: string): string {
  let crc = 0xffffffff
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? reflectedPolynomial : 0)
  }
  let rest = ~crc >>> 0
  let digits = ''
  for (let place = 0; place < CHECKSUM_CHARACTERS; place++) {
    digits = `${ALPHABET[rest % BASE]}${digits}`
    rest = Math.floor(rest / BASE)
  }
  return digits
}
