import type { Challenge } from '../wire/challenges.ts'
import { AuthenticationFailedCause } from './cause.ts'
import type { FailureVerdict, Principal, Verdict } from './provider.ts'
import { repeated, unreadable } from './token-readers.ts'
import type { TokenResource } from './token-resource.ts'
import { absent } from './validate.ts'

/** What the challenges of one provider are made of. */
interface ChallengeParts {
  /** The provider's own auth-scheme. */
  readonly scheme: string
  readonly realm: string | undefined
  /** The challenges of its proofs. One of the provider's own scheme completes that one's. */
  readonly proofs: readonly Challenge[]
  readonly resource: TokenResource | undefined
}

/** The refusals of one provider, made once. */
export interface TokenRefusals {
  /** What is sent when nothing better is there. */
  readonly challenge: Challenge
  /** Everything that is sent where no token came: the provider's own scheme, then those of its proofs. */
  readonly challenges: readonly Challenge[]
  readonly absent: FailureVerdict
  readonly repeated: FailureVerdict
  readonly unreadable: FailureVerdict
  readonly plain: FailureVerdict
  readonly invalidToken: readonly Challenge[]
  readonly invalidRequest: readonly Challenge[]
  /** The challenges with another error. */
  refused(error: string): readonly Challenge[]
  /** The refusals of a token that came in this scheme, in lower case: its challenge is the one with the error. */
  of(scheme: string | undefined): TokenRefusals
}

/** Makes the refusals of one provider. */
export function tokenRefusals(parts: ChallengeParts): TokenRefusals {
  const bare = bareChallenges(parts)
  if (bare.length === 1) return new Refusals(bare, 0)
  const each = new Map(bare.map(({ scheme }, index) => [scheme.toLowerCase(), new Refusals(bare, index)]))
  for (const refusals of each.values()) refusals.all = each
  return each.get(parts.scheme.toLowerCase()) ?? new Refusals(bare, 0)
}

function bareChallenges({ scheme, realm, proofs, resource }: ChallengeParts): readonly [Challenge, ...Challenge[]] {
  const isOwn = (proof: Challenge): boolean => proof.scheme.toLowerCase() === scheme.toLowerCase()
  const complete = (name: string, own: readonly Challenge[]): Challenge => ({
    scheme: name,
    parameters: Object.freeze([
      ...(realm === undefined ? [] : [['realm', realm] as const]),
      ...own.flatMap(({ parameters = [] }) => parameters),
      ...(resource === undefined || resource.scopes.length === 0
        ? []
        : [['scope', resource.scopes.join(' ')] as const]),
      ...(resource === undefined ? [] : [['resource_metadata', resource.metadataUrl] as const]),
    ]),
  })
  const others = proofs.filter((proof) => !isOwn(proof)).map((proof) => complete(proof.scheme, [proof]))
  return [complete(scheme, proofs.filter(isOwn)), ...others]
}

class Refusals implements TokenRefusals {
  readonly challenge: Challenge
  readonly challenges: readonly Challenge[]
  readonly absent: FailureVerdict
  readonly repeated: FailureVerdict
  readonly unreadable: FailureVerdict
  readonly plain: FailureVerdict
  readonly invalidToken: readonly Challenge[]
  readonly invalidRequest: readonly Challenge[]
  all: ReadonlyMap<string, TokenRefusals> | undefined
  readonly #used: number
  readonly #others = new Map<string, readonly Challenge[]>()

  constructor(challenges: readonly [Challenge, ...Challenge[]], used: number) {
    this.#used = used
    this.challenge = challenges[0]
    this.challenges = Object.freeze(challenges)
    this.invalidToken = this.refused('invalid_token')
    // Whoever sends a token by two methods at once has used them all (RFC 9449, section 7.2).
    this.invalidRequest = Object.freeze(challenges.map((challenge) => withError(challenge, 'invalid_request')))
    const alone = challenges.length === 1
    this.absent = alone ? absent : Object.freeze({ cause: AuthenticationFailedCause.NoCredentials, challenges })
    this.repeated = Object.freeze({ cause: repeated, challenges: this.invalidRequest })
    this.unreadable = Object.freeze({ cause: unreadable, challenges: this.invalidToken })
    this.plain = Object.freeze({
      cause: AuthenticationFailedCause.InvalidCredentials,
      challenges: this.invalidToken,
    })
  }

  refused(error: string): readonly Challenge[] {
    const known = this.#others.get(error)
    if (known !== undefined) return known
    const made = Object.freeze(
      this.challenges.map((challenge, index) => (index === this.#used ? withError(challenge, error) : challenge)),
    )
    this.#others.set(error, made)
    return made
  }

  of(scheme: string | undefined): TokenRefusals {
    return (scheme === undefined ? undefined : this.all?.get(scheme)) ?? this
  }
}

function withError({ scheme, parameters = [] }: Challenge, error: string): Challenge {
  const [first, ...others] = parameters
  const [realm, rest] = first?.[0] === 'realm' ? [[first], others] : [[], parameters]
  return { scheme, parameters: [...realm, ['error', error], ...rest] }
}

/** RFC 6750, section 3.1: no error code without a token, one with a token that was refused. */
export function explained<P extends Principal>(verdict: Verdict<P>, refusals: TokenRefusals): Verdict<P> {
  const { cause, always } = verdict
  if (cause?.kind !== 'InvalidCredentials') return verdict
  if (cause === AuthenticationFailedCause.InvalidCredentials && always === undefined) return refusals.plain
  const challenges = cause.reason === 'malformed-request' ? refusals.invalidRequest : refusals.invalidToken
  return always === undefined ? { cause, challenges } : { cause, challenges, always }
}
