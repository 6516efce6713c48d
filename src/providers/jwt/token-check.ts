import { digestHash } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import { BoundedMap } from '../../core/bounded-map.ts'
import { type AuthenticationFailedCause, isCause } from '../../core/cause.ts'
import { deepFreeze } from '../../core/deep-freeze.ts'
import type { AuthenticationContext, Awaitable, Principal } from '../../core/provider.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import { isPrincipal } from '../../core/validate.ts'
import { judgeTime } from './claims.ts'
import { schemaRefused } from './refusals.ts'
import { type Accepted, Remembered } from './remembered.ts'
import { type Known, type Verified, verifyToken } from './verifier.ts'

/** An answer about a token: what it says, or why it is refused. */
export type Acceptance<C> = Awaitable<Accepted<C> | AuthenticationFailedCause>

/** Turns what a token claims into what the application asked for. */
export type Reader<C> = (verified: Verified) => Acceptance<C>

const MAXIMUM_HEADERS = 64

/** Verifies tokens, and remembers those that are right. */
export class TokenCheck<C> {
  readonly maxLength: number
  readonly #known: Known
  readonly #read: Reader<C>
  readonly #remembered: Remembered<C> | undefined

  constructor(known: Omit<Known, 'headers'>, maxEntries: number, read: Reader<C>) {
    this.maxLength = known.maxLength
    this.#known = { ...known, headers: new BoundedMap(MAXIMUM_HEADERS) }
    this.#read = read
    this.#remembered = maxEntries === 0 ? undefined : new Remembered(maxEntries, known.issuers)
  }

  check(token: string, context: AuthenticationContext): Acceptance<C> {
    const remembered = this.#remembered
    if (remembered === undefined || token.length > this.maxLength) return this.#verify(token, context)
    const hash = digestHash('SHA-256', token)
    return hash instanceof Promise
      ? hash.then((settled) => this.#recall(token, settled, remembered, context))
      : this.#recall(token, hash, remembered, context)
  }

  #recall(token: string, hash: string, remembered: Remembered<C>, context: AuthenticationContext): Acceptance<C> {
    const known = remembered.get(hash, context)
    return known instanceof Promise
      ? known.then((settled) => this.#judge(settled, token, hash, remembered, context))
      : this.#judge(known, token, hash, remembered, context)
  }

  #judge(
    known: Accepted<C> | undefined,
    token: string,
    hash: string,
    remembered: Remembered<C>,
    context: AuthenticationContext,
  ): Acceptance<C> {
    if (known !== undefined) {
      const refusal = judgeTime(known.verified.validity, context.now())
      if (refusal === undefined) return known
      remembered.delete(hash)
      return refusal
    }
    return chain(this.#verify(token, context), (accepted) => {
      if (!isCause(accepted) && !accepted.verified.encrypted) remembered.set(hash, accepted)
      return accepted
    })
  }

  #verify(token: string, context: AuthenticationContext): Acceptance<C> {
    const verified = verifyToken(token, this.#known, context)
    return verified instanceof Promise ? verified.then((settled) => this.#take(settled)) : this.#take(verified)
  }

  #take(verified: Verified | AuthenticationFailedCause): Acceptance<C> {
    return isCause(verified) ? verified : this.#read(verified)
  }
}

/** Takes the claims as they are; without a schema they are what is wanted. */
export function readClaims<C extends Principal>(verified: Verified): Accepted<C> | AuthenticationFailedCause {
  const { claims, header } = verified
  return isPrincipal<C>(claims) ? { credential: Object.freeze({ claims, header }), verified } : schemaRefused
}

/** Has a schema read the claims. */
export function schemaReader<C>(schema: StandardSchema<C>): Reader<C> {
  return (verified) =>
    chain(schema['~standard'].validate(verified.claims), (result) => {
      if (result.issues !== undefined) return schemaRefused
      const { header } = verified
      return { credential: Object.freeze({ claims: deepFreeze(result.value), header }), verified }
    })
}
