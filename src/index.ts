export { type Authentication, authentication, type Providers } from './core/authentication.ts'
export type { AuthenticationOptions } from './core/authentication-options.ts'
export {
  AuthenticationError,
  type AuthenticationErrorOptions,
  AuthenticationFailedCause,
  type InvalidCredentials,
  type InvalidCredentialsOptions,
  invalidCredentials,
  isCause,
  type NoCredentials,
} from './core/cause.ts'
export type { RequiredAuthentication, RequiredClaim, RequiredClaims, RolesOptions } from './core/checks.ts'
export type { UserPasswordCredential } from './core/credential.ts'
export type {
  AuthenticationListener,
  DecisionEvent,
  ErrorEvent,
  FailureReport,
  FaultCode,
  FaultEvent,
} from './core/events.ts'
export { isCorsPreflight } from './core/navigation.ts'
export type { Freshness, OneTimeStore } from './core/ports.ts'
export {
  type AcceptedResponse,
  type Ambient,
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type ChallengeAnswer,
  type ChallengeFunction,
  type FailureVerdict,
  type Grant,
  type KnownPrincipal,
  type OnAccept,
  type Principal,
  type ProviderOptions,
  provider,
  type RaiseFunction,
  type SuccessVerdict,
  type Verdict,
} from './core/provider.ts'
export { type KnownReason, type Reason, type ReasonRow, reasons } from './core/reasons.ts'
export type { BodyReading, HeaderField, Peer, RequestSource, RequestView } from './core/request.ts'
export type { BoundRequirement, Child, Owner, Requirement, WhoFrom } from './core/requirement.ts'
export type {
  DeleteBySubjectOptions,
  RememberExchange,
  RememberedBrowser,
  RememberRecord,
  RememberStore,
  RememberSuccessor,
  RotationEnd,
  SessionContent,
  SessionOwner,
  SessionReading,
  SessionRecord,
  SessionStore,
  SessionTimes,
  StoreContext,
  StoredSession,
} from './core/session-store.ts'
export type { SurroundingsOptions } from './core/surroundings.ts'
export type { PresentedToken, ProofAccepted, ProofRefused, ProofVerdict, TokenProof } from './core/token-proof.ts'
export type { TokenResource } from './core/token-resource.ts'
export type { PrincipalFrom, Validated } from './core/validate.ts'
export type {
  Anonymous,
  AnyAuthenticated,
  Attempted,
  Authenticated,
  AuthenticationFailure,
  Denial,
  Outcome,
  PrincipalMap,
  Refusal,
  Refused,
  Rejected,
  ResponseAmendments,
  Skipped,
  Unavailable,
  Who,
} from './core/who.ts'
