import { chain } from './awaitable.ts'
import { AuthenticationError, type InvalidCredentials, invalidCredentials } from './cause.ts'
import type { AuthenticationContext, Awaitable, FailureVerdict, Principal, Verdict } from './provider.ts'
import type { HeaderField, RequestView } from './request.ts'
import type { PresentedToken, ProofAccepted, TokenProof } from './token-proof.ts'
import type { TokenRefusals } from './token-refusals.ts'

/** What the proofs of one provider came to: a refusal, or what goes with a yes. */
export type Proved = ProofAccepted | FailureVerdict

const nothingToProve: ProofAccepted = Object.freeze({})

/** The proofs of one provider. */
export class TokenProofs {
  readonly #proofs: readonly TokenProof[]
  readonly #confirmed: ReadonlySet<string>
  /** The schemes, in lower case, in which a token must be proved though it is bound to nothing. */
  readonly #schemes: ReadonlySet<string>
  readonly #refusals: TokenRefusals
  readonly #schemeOf: (request: RequestView) => string | undefined
  readonly #missing: InvalidCredentials

  /** @param schemeOf tells in which auth-scheme, in lower case, the token of a request came */
  constructor(
    proofs: readonly TokenProof[],
    refusals: TokenRefusals,
    schemeOf: (request: RequestView) => string | undefined,
    factory: string,
  ) {
    this.#proofs = proofs
    this.#confirmed = new Set(proofs.map(({ confirms }) => confirms))
    this.#schemes = new Set(proofs.flatMap(({ challenge }) => challenge?.scheme.toLowerCase() ?? []))
    this.#refusals = refusals
    this.#schemeOf = schemeOf
    this.#missing = invalidCredentials('proof-missing', {
      detail: `${factory}: the token is bound to a key ("cnf") by something that none of "proofs" confirms`,
    })
  }

  /**
   * Proves a token that is right in every other way. One that is bound to something that no proof confirms is
   * `proof-missing`: it is never taken for one that is not bound.
   *
   * @param confirmation what the token's issuer says in `cnf`; `undefined` for nothing
   */
  prove(token: string, confirmation: unknown, context: AuthenticationContext): Awaitable<Proved> {
    if (confirmation === undefined && this.#schemes.size === 0) return nothingToProve
    const scheme = this.#schemeOf(context.request)
    const members = confirmation === undefined ? [] : membersOf(confirmation)
    if (members === undefined || !members.every((name) => this.#confirmed.has(name))) {
      return { cause: this.#missing, challenges: this.#refusals.of(scheme).invalidToken }
    }
    const due = this.#proofs.filter(
      ({ confirms, challenge }) =>
        members.includes(confirms) || (scheme !== undefined && challenge?.scheme.toLowerCase() === scheme),
    )
    if (due.length === 0) return nothingToProve
    return this.#each(due, 0, { token, scheme, confirmation }, [], context)
  }

  #each(
    due: readonly TokenProof[],
    index: number,
    { token, scheme, confirmation }: PresentedToken,
    always: readonly HeaderField[],
    context: AuthenticationContext,
  ): Awaitable<Proved> {
    const proof = due[index]
    if (proof === undefined) return always.length === 0 ? nothingToProve : { always }
    const presented = { token, scheme, confirmation: memberOf(confirmation, proof.confirms) }
    return chain(proof.prove(presented, context), (verdict) => {
      // Types promise a verdict. What is none, `false` say, must not read as one without a cause.
      if (typeof verdict !== 'object' || verdict === null) return { cause: notAVerdict(proof.confirms), always }
      const fields = verdict.always === undefined ? always : [...always, ...verdict.always]
      if (verdict.cause === undefined) {
        return this.#each(due, index + 1, { token, scheme, confirmation }, fields, context)
      }
      const { cause, error = 'invalid_token' } = verdict
      if (cause.kind !== 'InvalidCredentials') return { cause, always: fields }
      const own = scheme ?? proof.challenge?.scheme.toLowerCase()
      return { cause, challenges: this.#refusals.of(own).refused(error), always: fields }
    })
  }
}

/** A provider's yes after its proofs. */
export function proved<P extends Principal>(verdict: Verdict<P>, proofs: Awaitable<Proved>): Awaitable<Verdict<P>> {
  return proofs === nothingToProve ? verdict : withProofs(verdict, proofs)
}

function withProofs<P extends Principal>(verdict: Verdict<P>, proofs: Awaitable<Proved>): Awaitable<Verdict<P>> {
  return chain(proofs, (outcome) => {
    if (outcome.cause !== undefined) return outcome
    return outcome.always === undefined ? verdict : { ...verdict, always: outcome.always }
  })
}

function notAVerdict(confirms: string): AuthenticationError {
  return new AuthenticationError(`the proof of "${confirms}" must answer an object`, { code: 'invalid-answer' })
}

/** The names of what a token is bound to; `undefined` for something that is no `cnf`. */
function membersOf(confirmation: unknown): readonly string[] | undefined {
  const isObject = typeof confirmation === 'object' && confirmation !== null && !Array.isArray(confirmation)
  return isObject ? Object.keys(confirmation) : undefined
}

function memberOf(confirmation: unknown, name: string): unknown {
  if (typeof confirmation !== 'object' || confirmation === null) return undefined
  return Object.getOwnPropertyDescriptor(confirmation, name)?.value
}
