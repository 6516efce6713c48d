import type { Principal } from '../../core/provider.ts'
import { decryptionOf } from './decrypt.ts'
import { type Issuers, listedIssuers, lookedUpIssuers, oneIssuer } from './issuers.ts'
import type { JwtOptions } from './options.ts'
import { rulesOf } from './rules.ts'
import { readClaims, schemaReader, TokenCheck } from './token-check.ts'

const LONGEST_TOKEN = 16_384
const DEFAULT_ENTRIES = 5000
const DEFAULT_TTL = 300

/** @throws TypeError when an option is missing or cannot be used. */
export function tokenCheckOf<C extends Principal, P extends Principal>(options: JwtOptions<C, P>): TokenCheck<C> {
  const { maxTokenLength = LONGEST_TOKEN, claims, validate, challenge, decrypt } = options
  for (const [name, value] of Object.entries({ validate, challenge })) {
    if (value !== undefined && typeof value !== 'function') throw new TypeError(`jwt(): "${name}" must be a function`)
  }
  if (!Number.isInteger(maxTokenLength) || maxTokenLength < 1 || maxTokenLength > LONGEST_TOKEN) {
    throw new TypeError(`jwt(): "maxTokenLength" must be a whole number from 1 to ${LONGEST_TOKEN}`)
  }
  if (claims !== undefined && typeof claims?.['~standard']?.validate !== 'function') {
    throw new TypeError('jwt(): "claims" must be a Standard Schema, such as one of Zod, Valibot or ArkType')
  }
  const read = claims === undefined ? readClaims<C> : schemaReader(claims)
  const decryption = decrypt === undefined ? undefined : decryptionOf(decrypt)
  return new TokenCheck(
    { maxLength: maxTokenLength, issuers: issuersOf(options), decryption },
    entriesOf(options),
    read,
  )
}

function entriesOf<C, P extends Principal>({ cache }: JwtOptions<C, P>): number {
  if (cache === undefined) return DEFAULT_ENTRIES
  if (cache === false) return 0
  const { maxEntries } = cache ?? {}
  if (!Number.isInteger(maxEntries) || maxEntries < 1) {
    throw new TypeError('jwt(): "cache.maxEntries" must be a whole number from 1; cache: false remembers nothing')
  }
  return maxEntries
}

function issuersOf<C, P extends Principal>(options: JwtOptions<C, P>): Issuers {
  const { resource } = options
  if (options.issuers === undefined) return oneIssuer(rulesOf(options.issuer, options, 'jwt()', resource))
  const { issuers, issuersTtlSeconds = DEFAULT_TTL } = options
  if (options.issuer !== undefined) throw new TypeError('jwt(): wants either "issuer" or "issuers"')
  if (typeof issuers === 'function') {
    if (!(issuersTtlSeconds >= 0)) throw new TypeError('jwt(): "issuersTtlSeconds" must not be negative')
    return lookedUpIssuers(issuers, issuersTtlSeconds, resource)
  }
  if (typeof issuers !== 'object' || issuers === null) {
    throw new TypeError('jwt(): "issuers" must be rules by issuer, or a function that looks them up')
  }
  return listedIssuers(issuers, resource)
}
