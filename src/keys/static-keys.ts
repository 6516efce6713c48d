import type { AuthenticationFailedCause } from '../core/cause.ts'
import { invalidCredentials } from '../core/cause.ts'
import { type Jwk, tryImport } from './import-key.ts'
import { KeySet, publicJwks } from './key-set.ts'
import type { KeySource, KeyWant } from './key-source.ts'
import { VerificationKey } from './verification-key.ts'

const unknownKey = invalidCredentials('unknown-key')

class StaticKeys implements KeySource {
  readonly generation = 0
  readonly #set: KeySet

  constructor(set: KeySet) {
    this.#set = set
  }

  find(want: KeyWant): readonly VerificationKey[] | AuthenticationFailedCause {
    return this.#set.choose(want) ?? unknownKey
  }

  async export(): Promise<string> {
    return JSON.stringify({ keys: publicJwks(this.#set.keys) })
  }
}

/**
 * Makes a source of keys that are known when the service starts and do not change: JWKs, PEM texts, secrets as octets, and
 * what `importKey()` made of one with an id or an algorithm of its own.
 *
 * A token that names a key gets the keys of that id; when there is none, the only key without an id that fits. A token that
 * names none gets the only key that fits its algorithm; when several do, it is refused as `unknown-key`. To change keys
 * without a gap, give each an id and list the old and the new one.
 *
 * @example
 * import { importKey, staticKeys } from 'becauth/keys'
 *
 * declare const pem: string
 *
 * export const keys = staticKeys([importKey(pem, { kid: '2026-11', alg: 'ES256' })])
 *
 * @throws TypeError when a key breaks a rule of `importKey()`, or the list is empty.
 */
export function staticKeys(keys: readonly (VerificationKey | Jwk | string | Uint8Array)[]): KeySource {
  if (!Array.isArray(keys) || keys.length === 0) throw new TypeError('staticKeys(): "keys" must be a list of keys')
  const imported = keys.map((key: unknown, index) => {
    const made = VerificationKey.is(key) ? key : tryImport(key, {})
    if (typeof made === 'string') throw new TypeError(`staticKeys(): the key at index ${index} ${made}`)
    return made
  })
  return new StaticKeys(new KeySet(imported, true))
}
