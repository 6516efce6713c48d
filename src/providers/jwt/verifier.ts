import { segments, verifySignature } from '#jws'
import { chain } from '../../core/awaitable.ts'
import type { BoundedMap } from '../../core/bounded-map.ts'
import { type AuthenticationFailedCause, InvalidCredentials, isCause } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import type { VerificationKey } from '../../keys/verification-key.ts'
import { type JsonObject, parseJsonObject } from '../../wire/json.ts'
import { type CompactJws, type JwsHeader, parseCompactJws, parseJsonSegment } from '../../wire/jws.ts'
import { type JwtClaims, judgeClaims, judgeTime, type Validity, validityOf } from './claims.ts'
import { type Decryption, decryptToken } from './decrypt.ts'
import type { KeysOrCause } from './found-keys.ts'
import type { Issuers } from './issuers.ts'
import {
  algorithmRefused,
  badSignature,
  nested,
  notAccessToken,
  notClaims,
  notPlainToken,
  unreadable,
  unsigned,
  wrongIssuer,
} from './refusals.ts'
import type { Rules } from './rules.ts'

/** A token that passed every rule. */
export interface Verified {
  readonly header: JwsHeader
  readonly claims: JwtClaims
  readonly validity: Validity
  readonly rules: Rules
  /** The key that made the signature, or opened what has none. */
  readonly key: VerificationKey
  /** Whether it was encrypted. Nobody watches over the key that opened it, so that such a token is not remembered. */
  readonly encrypted: boolean
}

/** What one provider has to go by. */
export interface Known {
  readonly maxLength: number
  readonly issuers: Issuers
  readonly decryption: Decryption | undefined
  /** Headers by their segment, of tokens whose signature was right. */
  readonly headers: BoundedMap<JwsHeader>
}

/** A step's answer: something to go on with, or a refusal. */
type Step<T> = Awaitable<T | AuthenticationFailedCause>

/**
 * Verifies a token from the beginning: form, algorithm, issuer, type, key, signature, and only then what it claims.
 *
 * @see RFC 7519, section 7.2; RFC 7515, section 5.2; RFC 8725, section 3
 */
export function verifyToken(token: string, known: Known, context: AuthenticationContext): Step<Verified> {
  const jws = parseCompactJws(token, known.maxLength, segments, known.headers)
  if (typeof jws !== 'string') return verifySigned(jws, known, context)
  if (jws !== 'encrypted' || known.decryption === undefined) return unreadable[jws]
  return verifyEncrypted(token, known.decryption, known, context)
}

function verifySigned(jws: CompactJws, known: Known, context: AuthenticationContext): Step<Verified> {
  const { issuers, headers } = known
  if (issuers.only !== undefined) return verifyFor(jws, undefined, issuers.only, headers, context)
  // Read before it is proved, to choose; what it says is judged again afterwards.
  const claims = parseJsonSegment(jws.payload, segments)
  if (claims === undefined) return notClaims
  return chain(chooseRules(claims, issuers, context), (rules) =>
    isCause(rules) ? rules : verifyFor(jws, claims, rules, headers, context),
  )
}

function chooseRules({ iss }: JsonObject, issuers: Issuers, context: AuthenticationContext): Step<Rules> {
  if (issuers.only !== undefined) return issuers.only
  if (typeof iss !== 'string') return wrongIssuer
  return chain(issuers.choose(iss, context), (rules) => rules ?? wrongIssuer)
}

/** @see RFC 7519, section 5.2 and appendix A.2; RFC 8725, section 3.3 */
async function verifyEncrypted(
  token: string,
  decryption: Decryption,
  known: Known,
  context: AuthenticationContext,
): Promise<Verified | AuthenticationFailedCause> {
  const decrypted = await decryptToken(token, decryption, context)
  if (isCause(decrypted)) return decrypted
  const { header, plaintext, key } = decrypted
  const jws = parseCompactJws(plaintext, known.maxLength, segments, known.headers)
  if (typeof jws !== 'string') {
    const { cty } = header
    if (typeof cty !== 'string' || cty.toLowerCase() !== 'jwt') return unsigned
    const verified = await verifySigned(jws, known, context)
    return isCause(verified) ? verified : { ...verified, encrypted: true }
  }
  if (!decryption.acceptsUnsigned) return unsigned
  const claims = parseJsonObject(plaintext)
  if (claims === undefined) return notClaims
  const rules = await chooseRules(claims, known.issuers, context)
  if (isCause(rules)) return rules
  const verified = judgeType(header, rules) ?? judgePayload(header, claims, rules, key, context.now())
  return isCause(verified) ? verified : { ...verified, encrypted: true }
}

// What is at hand goes on without a closure or a chain, here and below: most tokens wait for nothing.
function verifyFor(
  jws: CompactJws,
  claims: JsonObject | undefined,
  rules: Rules,
  headers: BoundedMap<JwsHeader>,
  context: AuthenticationContext,
): Step<Verified> {
  const { alg, kid } = jws.header
  const refusal = rules.algorithms.has(alg) ? judgeType(jws.header, rules) : algorithmRefused
  if (refusal !== undefined) return refusal
  const keys = rules.keys.find(alg, kid, context)
  return keys instanceof Promise
    ? keys.then((settled) => verifyBy(settled, jws, claims, rules, headers, context))
    : verifyBy(keys, jws, claims, rules, headers, context)
}

function verifyBy(
  keys: KeysOrCause,
  jws: CompactJws,
  claims: JsonObject | undefined,
  rules: Rules,
  headers: BoundedMap<JwsHeader>,
  context: AuthenticationContext,
): Step<Verified> {
  if (isCause(keys)) return keys
  const key = keyOf(jws, keys)
  return key instanceof Promise
    ? key.then((settled) => believe(jws, claims, rules, settled, headers, context))
    : believe(jws, claims, rules, key, headers, context)
}

/** Reads the payload, now that it is the issuer's. */
function believe(
  jws: CompactJws,
  claims: JsonObject | undefined,
  rules: Rules,
  key: VerificationKey | undefined,
  headers: BoundedMap<JwsHeader>,
  context: AuthenticationContext,
): Verified | AuthenticationFailedCause {
  if (key === undefined) return badSignature
  if (!jws.isKnown) headers.set(jws.segment, jws.header)
  const members = claims ?? parseJsonSegment(jws.payload, segments)
  return members === undefined ? notClaims : judgePayload(jws.header, members, rules, key, context.now())
}

function judgeType({ typ, cty }: JwsHeader, rules: Rules): InvalidCredentials | undefined {
  if (cty !== undefined) return nested
  const type = typ?.toLowerCase()
  if (!rules.strict) return type === undefined || type === 'jwt' ? undefined : notPlainToken
  return type === 'at+jwt' || type === 'application/at+jwt' ? undefined : notAccessToken
}

/** The first of the keys that made the signature, `undefined` when none did. Several of one id are tried in turn. */
function keyOf(jws: CompactJws, keys: readonly VerificationKey[]): Awaitable<VerificationKey | undefined> {
  for (const key of keys) {
    const answer = verifySignature(key, jws.header.alg, jws.signed, jws.signature)
    if (answer instanceof Promise) return keyLater(jws, keys.slice(keys.indexOf(key) + 1), key, answer)
    if (answer) return key
  }
  return undefined
}

async function keyLater(
  { header, signed, signature }: CompactJws,
  others: readonly VerificationKey[],
  first: VerificationKey,
  answer: Promise<boolean>,
): Promise<VerificationKey | undefined> {
  if (await answer) return first
  for (const key of others) if (await verifySignature(key, header.alg, signed, signature)) return key
  return undefined
}

function judgePayload(
  header: JwsHeader,
  members: JsonObject,
  rules: Rules,
  key: VerificationKey,
  now: number,
): Verified | AuthenticationFailedCause {
  const claims = judgeClaims(members, rules)
  if (claims instanceof InvalidCredentials) return claims
  const validity = validityOf(claims, rules)
  const refusal = judgeTime(validity, now)
  return refusal ?? { header, claims, validity, rules, key, encrypted: false }
}
