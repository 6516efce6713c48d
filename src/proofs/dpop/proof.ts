import { segments, verifySignature } from '#jws'
import { chain } from '../../core/awaitable.ts'
import type { BoundedMap } from '../../core/bounded-map.ts'
import type { Awaitable } from '../../core/provider.ts'
import type { ProofRefused } from '../../core/token-proof.ts'
import { tryImport } from '../../keys/import-key.ts'
import { VerificationKey } from '../../keys/verification-key.ts'
import { isJsonObject, type JsonObject } from '../../wire/json.ts'
import { type CompactJws, type JwsHeader, parseCompactJws, parseJsonSegment } from '../../wire/jws.ts'
import { otherKey, unreadable, wrongAlgorithm, wrongClaims, wrongKey, wrongSignature, wrongType } from './refusals.ts'
import { thumbprintOf } from './thumbprint.ts'

/** The key of a proof, taken out of its header. */
export interface ProofKey {
  readonly header: JwsHeader
  readonly key: VerificationKey
  /** The thumbprint of the key. */
  readonly jkt: string
}

/** What a proof says, once its signature is right. */
export interface ProofClaims {
  readonly jti: string
  readonly htm: string
  readonly htu: string
  readonly iat: number
  readonly ath: string
  readonly nonce: string | undefined
}

const LONGEST_PROOF = 16_384
const LONGEST_ID = 512

/**
 * Reads a proof and verifies its signature by the key in it, which must be the one that the token is bound to.
 *
 * @param known the keys of proofs that were right, by the header's segment: a client writes the same header each time, and
 *   to make a key ready takes longer than to verify with it
 * @param field the DPoP header field; several lines are joined by commas, and no token has one
 * @see RFC 9449, section 4.3, steps 1 to 7 and 12
 */
export function verifyProof(
  field: string,
  jkt: string,
  algorithms: readonly string[],
  known: BoundedMap<ProofKey>,
): Awaitable<ProofClaims | ProofRefused> {
  const jws = parseCompactJws(field, LONGEST_PROOF, segments, { get: (segment) => known.get(segment)?.header })
  if (typeof jws === 'string') return unreadable
  return chain(known.get(jws.segment) ?? keyOf(jws, algorithms), (found) => {
    if ('cause' in found) return found
    if (found.jkt !== jkt) return otherKey
    return chain(verifySignature(found.key, found.header.alg, jws.signed, jws.signature), (isRight) => {
      if (!isRight) return wrongSignature
      known.set(jws.segment, found)
      return claimsOf(parseJsonSegment(jws.payload, segments))
    })
  })
}

function keyOf({ header }: CompactJws, algorithms: readonly string[]): Awaitable<ProofKey | ProofRefused> {
  const { alg, typ, jwk } = header
  if (typ !== 'dpop+jwt') return wrongType
  if (!algorithms.includes(alg)) return wrongAlgorithm
  const key = isJsonObject(jwk) ? tryImport(jwk, { alg, use: 'sig' }) : undefined
  const thumbprint = VerificationKey.is(key) ? thumbprintOf(key) : undefined
  if (!VerificationKey.is(key) || thumbprint === undefined) return wrongKey
  return chain(thumbprint, (jkt) => ({ header, key, jkt }))
}

function claimsOf(claims: JsonObject | undefined): ProofClaims | ProofRefused {
  if (claims === undefined) return wrongClaims
  const { jti, htm, htu, iat, ath, nonce } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_ID) return wrongClaims
  if (typeof htm !== 'string' || typeof htu !== 'string' || typeof ath !== 'string') return wrongClaims
  if (typeof iat !== 'number' || (nonce !== undefined && typeof nonce !== 'string')) return wrongClaims
  return { jti, htm, htu, iat, ath, nonce }
}
