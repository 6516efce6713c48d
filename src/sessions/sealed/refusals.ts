import { type InvalidCredentials, invalidCredentials } from '../../core/cause.ts'
import type { FailureVerdict } from '../../core/provider.ts'
import type { KnownReason } from '../../core/reasons.ts'
import type { HeaderField } from '../../core/request.ts'

/** Every no to a sealed session, made once. All but `twice` delete the cookie (rule 17). */
export interface Refusals {
  readonly 'malformed-credential': FailureVerdict
  readonly 'unknown-key': FailureVerdict
  readonly 'bad-signature': FailureVerdict
  readonly expired: FailureVerdict
  readonly revoked: FailureVerdict
  readonly misfit: FailureVerdict
  readonly outdated: FailureVerdict
  readonly twice: FailureVerdict
}

export function refusalsOf(deletions: readonly HeaderField[]): Refusals {
  const discarding = (reason: KnownReason, detail: string): FailureVerdict => ({
    cause: cause(reason, detail, true),
    always: deletions,
  })
  return {
    'malformed-credential': discarding('malformed-credential', 'the cookie is not a sealed session'),
    'unknown-key': discarding('unknown-key', 'the session was sealed under a key that is not in the ring'),
    'bad-signature': discarding('bad-signature', 'the session was altered, or sealed for another cookie'),
    expired: discarding('expired', 'the session is over'),
    revoked: discarding('revoked', 'the session is older than "notBefore" allows'),
    misfit: discarding('malformed-credential', 'the data of the session fits "schema" no more'),
    outdated: discarding('expired', 'the data of the session is older than "dataVersion", and nothing migrates it'),
    twice: { cause: cause('malformed-credential', 'the session cookie comes twice', false) },
  }
}

function cause(reason: KnownReason, detail: string, discardable: boolean): InvalidCredentials {
  return invalidCredentials(reason, { detail, discardable })
}
