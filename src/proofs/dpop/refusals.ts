import { invalidCredentials } from '../../core/cause.ts'
import type { KnownReason } from '../../core/reasons.ts'
import type { ProofRefused } from '../../core/token-proof.ts'

function refusal(reason: KnownReason, error: string, detail: string): ProofRefused {
  return Object.freeze({ cause: invalidCredentials(reason, { detail: `dpop(): ${detail}` }), error })
}

function invalid(detail: string): ProofRefused {
  return refusal('proof-invalid', 'invalid_dpop_proof', detail)
}

/** RFC 9449, section 7.2: who hears a bound token must not get away with leaving the proof out. */
export const downgraded: ProofRefused = refusal(
  'proof-missing',
  'invalid_token',
  'the token is bound to a key ("cnf.jkt") and came in another scheme than DPoP',
)

export const unbound: ProofRefused = refusal(
  'proof-invalid',
  'invalid_token',
  'the token came in the scheme DPoP and is not bound to a key ("cnf.jkt")',
)

export const missing: ProofRefused = refusal(
  'proof-missing',
  'invalid_dpop_proof',
  'the request has no DPoP header field',
)

export const otherKey: ProofRefused = refusal(
  'proof-invalid',
  'invalid_token',
  'the proof is signed by another key than the token is bound to',
)

export const replayed: ProofRefused = refusal(
  'replayed',
  'invalid_dpop_proof',
  'the "jti" of the proof was used before',
)

export const nonceWanted: ProofRefused = refusal(
  'proof-invalid',
  'use_dpop_nonce',
  'the proof has no nonce of this service, or an old one',
)

export const unreadable: ProofRefused = invalid('the DPoP header field is not exactly one signed token')
export const wrongType: ProofRefused = invalid('the "typ" of the proof is not "dpop+jwt"')
export const wrongAlgorithm: ProofRefused = invalid('the "alg" of the proof is not one of "algorithms"')
export const wrongKey: ProofRefused = invalid('the "jwk" of the proof is not a public key that goes with its "alg"')
export const wrongSignature: ProofRefused = invalid('the signature of the proof does not verify')
export const wrongClaims: ProofRefused = invalid(
  'the proof lacks "jti", "htm", "htu", "iat" or "ath", or one is ill-formed',
)
export const wrongMethod: ProofRefused = invalid('the "htm" of the proof is not the method of the request')
export const wrongUri: ProofRefused = invalid(
  'the "htu" of the proof is not the address of the request, as "baseUrl" and "trustedProxies" have it',
)
export const wrongTime: ProofRefused = invalid('the "iat" of the proof is too long ago or in the future')
export const wrongToken: ProofRefused = invalid('the "ath" of the proof is not the hash of the token')
