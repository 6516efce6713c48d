import type { AuthenticationFailedCause } from '../core/cause.ts'
import { invalidCredentials } from '../core/cause.ts'
import { KeySet, publicJwks } from '../keys/key-set.ts'
import type { KeySource, KeyWant } from '../keys/key-source.ts'
import { SigningKey } from '../keys/signing-key.ts'
import type { VerificationKey } from '../keys/verification-key.ts'

/** What is published now, and until when that stays so. */
interface Published {
  readonly set: KeySet
  readonly until: number
}

// As much as clocks may differ by where tokens are verified, and no less than a signer's may.
const MARGIN_SECONDS = 600

const unknownKey = invalidCredentials('unknown-key')

/**
 * Which key signs and which keys are published, by time alone: a key is published from the beginning, signs from its
 * `signsFrom` until the next one does, and stays published until the last token that it signed is over.
 */
export class KeySchedule implements KeySource {
  readonly #tokenSeconds: number
  readonly #clock: () => number
  #keys: readonly [SigningKey, ...SigningKey[]]
  #published: Published | undefined
  #generation = 0

  constructor(keys: readonly SigningKey[], tokenSeconds: number, clock: () => number) {
    this.#tokenSeconds = tokenSeconds
    this.#clock = clock
    this.#keys = ordered(keys, 'tokenIssuer()', clock())
  }

  /** Starts another schedule. What is not in it is not published any more. */
  use(keys: readonly SigningKey[]): void {
    this.#keys = ordered(keys, 'useKeys()', this.#clock())
    this.#published = undefined
  }

  get signer(): SigningKey {
    const now = this.#clock()
    return this.#keys.findLast(({ signsFrom }) => signsFrom <= now) ?? this.#keys[0]
  }

  get published(): readonly object[] {
    return publicJwks(this.#current().keys)
  }

  get generation(): number {
    this.#current()
    return this.#generation
  }

  find(want: KeyWant): readonly VerificationKey[] | AuthenticationFailedCause {
    return this.#current().choose(want) ?? unknownKey
  }

  async export(): Promise<string> {
    return JSON.stringify({ keys: this.published })
  }

  #current(): KeySet {
    const now = this.#clock()
    if (this.#published !== undefined && now < this.#published.until) return this.#published.set
    const ends = this.#keys.map((_key, index) => this.#endOf(index))
    const until = Math.min(...ends.filter((end) => end > now))
    const kept = this.#keys.filter((_key, index) => (ends[index] ?? 0) > now)
    this.#published = {
      set: new KeySet(
        kept.map(({ verification }) => verification),
        false,
      ),
      until,
    }
    this.#generation += 1
    return this.#published.set
  }

  /** The last key never ends. */
  #endOf(index: number): number {
    const next = this.#keys[index + 1]
    return next === undefined ? Number.POSITIVE_INFINITY : next.signsFrom + this.#tokenSeconds + MARGIN_SECONDS
  }
}

function ordered(keys: readonly SigningKey[], owner: string, now: number): readonly [SigningKey, ...SigningKey[]] {
  const list = Array.isArray(keys) ? keys : []
  if (!list.every((key) => SigningKey.is(key))) {
    throw new TypeError(`${owner}: "keys" must be a list of what signingKey() makes`)
  }
  const [first, ...others] = [...list].sort((a, b) => a.signsFrom - b.signsFrom)
  if (first === undefined) throw new TypeError(`${owner}: "keys" must have at least one key`)
  if (first.signsFrom > now) throw new TypeError(`${owner}: one of "keys" must sign by now`)
  if (new Set(list.map(({ kid }) => kid)).size < list.length) {
    throw new TypeError(`${owner}: every id in "keys" must be there once`)
  }
  if (new Set(list.map(({ signsFrom }) => signsFrom)).size < list.length) {
    throw new TypeError(`${owner}: every key in "keys" must have a "signsFrom" of its own`)
  }
  return [first, ...others]
}
