import { AuthenticationError, type InvalidCredentials, invalidCredentials } from '../core/cause.ts'
import { signatureAlgorithms } from './algorithms.ts'
import { tryImport } from './import-key.ts'
import { ownMember } from './jwk.ts'
import type { KeyWant } from './key-source.ts'
import { VerificationKey } from './verification-key.ts'

/** A key of a fetched set that is not used, and why. */
export interface SkippedKey {
  /** Where it stands in the set, from 0. */
  readonly index: number
  /** What is wrong with it, said of "the key". */
  readonly problem: string
}

/** Keys and the ids by which tokens name them. Never changes. */
export class KeySet {
  readonly keys: readonly VerificationKey[]
  readonly #byKid = new Map<string, VerificationKey[]>()
  readonly #nameless: readonly VerificationKey[]

  /** @param anyKid whether a key without an id may be meant by any id, as long as no key has it. */
  constructor(keys: readonly VerificationKey[], anyKid: boolean) {
    this.keys = keys
    this.#nameless = anyKid ? keys.filter((key) => key.kid === undefined) : []
    for (const key of keys) {
      if (key.kid === undefined) continue
      const same = this.#byKid.get(key.kid)
      if (same === undefined) this.#byKid.set(key.kid, [key])
      else same.push(key)
    }
  }

  /**
   * Answers the keys that fit; a cause when the set has a key that is meant and does not do; `undefined` when it has none,
   * so that a newer set may have it.
   */
  choose(want: KeyWant): readonly VerificationKey[] | InvalidCredentials | undefined {
    if (want.kid === undefined) return onlyOne(this.keys, want, severalFit)
    const named = this.#byKid.get(want.kid)
    if (named === undefined) return onlyOne(this.#nameless, want, severalNameless)
    if (named.every((key) => VerificationKey.fits(key, want))) return named
    const fitting = named.filter((key) => VerificationKey.fits(key, want))
    return fitting.length === 0 ? doesNotFit : fitting
  }
}

const doesNotFit = invalidCredentials('unknown-key', {
  detail: 'The key of this id does not go with the algorithm of the token.',
})
const severalFit = invalidCredentials('unknown-key', {
  detail: 'The token names no key, and more than one goes with its algorithm.',
})
const severalNameless = invalidCredentials('unknown-key', {
  detail: 'No key has the id that the token names, and more than one has no id at all.',
})

function onlyOne(
  keys: readonly VerificationKey[],
  want: KeyWant,
  several: InvalidCredentials,
): readonly VerificationKey[] | InvalidCredentials | undefined {
  const fitting = keys.filter((key) => VerificationKey.fits(key, want))
  if (fitting.length === 0) return undefined
  return fitting.length === 1 ? fitting : several
}

const MAXIMUM_KEYS = 100

/** What was read from the text of a JWK Set: at least one key that can be used. */
export interface ReadKeySet {
  readonly keys: readonly VerificationKey[]
  readonly skipped: readonly SkippedKey[]
}

/**
 * Reads a JWK Set of public keys for signatures. A key that breaks a rule, has another purpose or is a secret is skipped; keys
 * of `known` that stand in it again stay the same objects.
 *
 * @throws AuthenticationError `keys-malformed`, when not a single key can be used.
 * @see RFC 7517, section 5
 */
export function readKeySet(text: string, known: readonly VerificationKey[]): ReadKeySet {
  const list = ownMember(parseObject(text, 'The JWK Set'), 'keys')
  if (!Array.isArray(list)) throw malformed('The answer is JSON and not a JWK Set.')
  if (list.length > MAXIMUM_KEYS) throw malformed(`The JWK Set has more than ${MAXIMUM_KEYS} keys.`)
  const before = new Map(known.map((key) => [fingerprint(key), key]))
  const keys = new Map<string, VerificationKey>()
  const skipped: SkippedKey[] = []
  for (const [index, jwk] of list.entries()) {
    const key = typeof jwk === 'object' && jwk !== null ? publicKey(jwk) : 'is not a JWK'
    if (typeof key === 'string') skipped.push({ index, problem: key })
    else keys.set(fingerprint(key), before.get(fingerprint(key)) ?? key)
  }
  if (keys.size === 0) throw malformed('The JWK Set has no key that can be used.')
  return { keys: [...keys.values()], skipped }
}

/** @throws AuthenticationError `keys-malformed`, when the text is not JSON or not an object. */
export function parseObject(text: string, what: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message would quote the text.
    throw malformed(`${what} is not JSON.`)
  }
  if (typeof value !== 'object' || value === null) throw malformed(`${what} is not a JSON object.`)
  return value
}

export function malformed(message: string): AuthenticationError {
  return new AuthenticationError(message, { code: 'keys-malformed' })
}

function publicKey(jwk: object): VerificationKey | string {
  if (ownMember(jwk, 'kty') === 'oct') return 'is a secret, which nobody must publish'
  return tryImport(jwk, { use: 'sig' })
}

/** Whether two lists have the same keys, in any order. */
export function sameKeys(a: readonly VerificationKey[], b: readonly VerificationKey[]): boolean {
  const all = new Set(a)
  return all.size === b.length && b.every((key) => all.has(key))
}

function fingerprint(key: VerificationKey): string {
  return JSON.stringify([key.kid, key.algorithms, VerificationKey.materialOf(key)])
}

/** Writes the public keys for signatures as JWKs that are read as the same keys again. */
export function publicJwks(keys: readonly VerificationKey[]): readonly object[] {
  return keys.flatMap((key) => {
    const material = VerificationKey.materialOf(key)
    if (material.kind !== 'public') return []
    const bare = { ...material.jwk, ...(key.kid === undefined ? {} : { kid: key.kid }), use: 'sig' }
    const usual = signatureAlgorithms(material.jwk)
    if (usual.length === key.algorithms.length) return [bare]
    return key.algorithms.map((alg) => ({ ...bare, alg }))
  })
}
