/** What a reason means and which status it leads to when nothing else in the decision says otherwise. */
export interface ReasonRow {
  /** One static sentence for the developer. Never sent to a client. */
  readonly description: string
  /** The status of a refusal in which this is the only reason, before the rules of the whole decision. */
  readonly status: 400 | 401 | 413 | 429
}

/** A reason that becauth itself gives. `reasons` has their meanings. */
export type KnownReason =
  | 'malformed-request'
  | 'malformed-credential'
  | 'unknown'
  | 'wrong-secret'
  | 'expired'
  | 'not-yet-valid'
  | 'bad-signature'
  | 'unknown-key'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'wrong-type'
  | 'missing-claim'
  | 'replayed'
  | 'revoked'
  | 'locked'
  | 'disabled'
  | 'not-permitted'
  | 'must-change'
  | 'throttled'
  | 'too-large'
  | 'proof-missing'
  | 'proof-invalid'

/**
 * Every reason that becauth itself gives for `InvalidCredentials`, with its meaning and default status.
 *
 * A new row is a minor release, so a `switch` over reasons needs a `default`. Reasons of one's own begin with `x-`.
 */
export const reasons: Readonly<Record<KnownReason, ReasonRow>> = {
  'malformed-request': { description: 'The request breaks the grammar that its scheme demands.', status: 400 },
  'malformed-credential': { description: 'The credential is there and cannot be read.', status: 401 },
  unknown: { description: 'Nobody is known by this name, key or token.', status: 401 },
  'wrong-secret': { description: 'The name is known and the secret is not the right one.', status: 401 },
  expired: { description: 'The credential was right and its time is over.', status: 401 },
  'not-yet-valid': { description: 'The credential is right and its time has not come.', status: 401 },
  'bad-signature': { description: 'The signature does not belong to what it signs.', status: 401 },
  'unknown-key': { description: 'The key that the credential names is not among the trusted ones.', status: 401 },
  'wrong-issuer': { description: 'The credential comes from somebody who is not trusted here.', status: 401 },
  'wrong-audience': { description: 'The credential was made for another service.', status: 401 },
  'wrong-type': { description: 'The credential is of a kind that is not accepted here.', status: 401 },
  'missing-claim': { description: 'The credential lacks a statement that is required here.', status: 401 },
  replayed: { description: 'The credential may be used once and was used before.', status: 401 },
  revoked: { description: 'The credential was withdrawn.', status: 401 },
  locked: { description: 'The account is locked.', status: 401 },
  disabled: { description: 'The account is disabled.', status: 401 },
  'not-permitted': { description: 'The account may not log in at this time or from here.', status: 401 },
  'must-change': { description: 'The secret is right and must be changed before it is used again.', status: 401 },
  throttled: { description: 'There were too many attempts; the secret was not looked at.', status: 429 },
  'too-large': { description: 'The request body is larger than the provider reads.', status: 413 },
  'proof-missing': { description: 'The token is bound to a key and nothing proves its possession.', status: 401 },
  'proof-invalid': { description: 'The proof of possession is wrong.', status: 401 },
}

/** A reason of becauth's own, or one of the application's own, which begins with `x-`. */
export type Reason = KnownReason | `x-${string}`

export function isReason(value: unknown): value is Reason {
  return typeof value === 'string' && (Object.hasOwn(reasons, value) || /^x-[!-~]{1,64}$/.test(value))
}
