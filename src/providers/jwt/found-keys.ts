import { BoundedMap } from '../../core/bounded-map.ts'
import { AuthenticationError, type AuthenticationFailedCause, isCause } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import { isThenable } from '../../core/validate.ts'
import type { KeySource, KeyUse } from '../../keys/key-source.ts'
import { VerificationKey } from '../../keys/verification-key.ts'
import { unknownKey } from './refusals.ts'

/** Keys that fit a token, or why there are none. */
export type KeysOrCause = readonly VerificationKey[] | AuthenticationFailedCause

const MAXIMUM_ENTRIES = 100

/**
 * Asks a source for keys, and remembers its answers as long as its `generation` lasts: asking needs a signal, and making
 * one costs as much as checking a short signature.
 */
export class FoundKeys {
  readonly source: KeySource
  #generation: number | undefined
  #found = new BoundedMap<readonly VerificationKey[]>(MAXIMUM_ENTRIES)

  readonly #use: KeyUse

  constructor(source: KeySource, use: KeyUse) {
    this.source = source
    this.#use = use
  }

  find(alg: string, kid: string | undefined, context: AuthenticationContext): Awaitable<KeysOrCause> {
    const { generation } = this.source
    if (generation !== this.#generation) {
      this.#found = new BoundedMap(MAXIMUM_ENTRIES)
      this.#generation = generation
    }
    // An algorithm has no space in its name, so that no two of these texts are the same.
    const name = kid === undefined ? alg : `${alg} ${kid}`
    const known = this.#found.get(name)
    if (known !== undefined) return known
    const answer = this.source.find({ alg, kid, use: this.#use }, context.signal)
    if (isThenable(answer)) return Promise.resolve(answer).then((keys) => checked(keys, alg, this.#use))
    const keys = checked(answer, alg, this.#use)
    if (!isCause(keys)) this.#found.set(name, keys)
    return keys
  }
}

/** A source of one's own may answer anything: only keys for this algorithm count, whatever they are called. */
function checked(answer: unknown, alg: string, use: KeyUse): KeysOrCause {
  if (isCause(answer)) return answer
  if (!Array.isArray(answer) || !answer.every(VerificationKey.is)) {
    return new AuthenticationError('jwt(): "keys" answered neither keys nor a cause', { code: 'invalid-answer' })
  }
  const fitting = answer.filter((key) => VerificationKey.fits(key, { alg, use }))
  return fitting.length === 0 ? unknownKey : fitting
}

export function isKeySource(value: unknown): value is KeySource {
  return typeof value === 'object' && value !== null && 'find' in value && typeof value.find === 'function'
}
