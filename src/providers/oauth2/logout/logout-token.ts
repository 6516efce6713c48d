import { segments, verifySignature } from '#jws'
import { type AuthenticationFailedCause, invalidCredentials, isCause } from '../../../core/cause.ts'
import type { KnownReason } from '../../../core/reasons.ts'
import { isAudience, isFor } from '../../../core/token-claims.ts'
import type { KeySource } from '../../../keys/key-source.ts'
import { VerificationKey } from '../../../keys/verification-key.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../wire/json.ts'
import { type CompactJws, type JwsHeader, parseCompactJws, parseJsonSegment } from '../../../wire/jws.ts'
import type { Connection, OAuth2Client } from '../client.ts'
import { decrypted } from '../decryption.ts'
import { OAuth2ConfigurationError } from '../errors.ts'
import type { CallScope } from '../issuer-fetch.ts'

/** What a logout token says, once it is verified. */
export interface LogoutToken {
  readonly issuer: string
  /** The session at the issuer that ended; `undefined` when all of the person's did. */
  readonly sid: string | undefined
  readonly subject: string | undefined
  readonly jti: string
  /** The first second, since 1970, in which it is refused for its age. */
  readonly usableUntil: number
}

/** By what a token is judged. */
interface Rules {
  readonly issuer: string
  readonly clientId: string
  readonly toleranceSeconds: number
  readonly now: number
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** A token that was made longer ago is not delivered late, but kept by somebody. */
const LONGEST_AGE_SECONDS = 600
const LONGEST_TOKEN = 65_536
const LONGEST_NAME = 1024

/** Secrets that are shared sign no id_token here either. */
const asymmetric = /^(?:[RPE]S(?:256|384|512)|EdDSA|Ed25519|ML-DSA-(?:44|65|87))$/

function refusal(reason: KnownReason, detail: string): AuthenticationFailedCause {
  return invalidCredentials(reason, { detail: `the logout token ${detail}` })
}

const unreadable = refusal('malformed-credential', 'is no signed JWT that can be read')
const otherType = refusal('wrong-type', 'says by its "typ" or "cty" that it is something else')
const otherAlgorithm = refusal('bad-signature', 'is not signed by an algorithm by which id_tokens are')
const unknownKey = refusal('unknown-key', 'is signed by no key of the issuer that is known')
const badSignature = refusal('bad-signature', 'has a wrong signature')
const notClaims = refusal('malformed-credential', 'holds no JSON object')
const wrongIssuer = refusal('wrong-issuer', 'is not of the issuer')
const wrongAudience = refusal('wrong-audience', 'is not for this client')
const noTimes = refusal('missing-claim', 'has no "iat" or no "exp" that is a time')
const early = refusal('not-yet-valid', 'is from the future')
const old = refusal('expired', 'was made longer than ten minutes ago')
const over = refusal('expired', 'is over')
const noId = refusal('missing-claim', 'has no "jti"')
const otherEvents = refusal('wrong-type', 'has not exactly the one event of a logout')
const hasNonce = refusal('wrong-type', 'has a "nonce", as id_tokens have')
const nobody = refusal('missing-claim', 'has neither a "sub" nor a "sid", or one that is no name')

/**
 * Verifies a logout token from the beginning: form, type, algorithm, key, signature, and only then what it claims. Whether it
 * came before is for the caller.
 *
 * @throws AuthenticationFailedCause (rejects) whatever is wrong; a retryable `Error` when nobody can say.
 * @see OpenID Connect Back-Channel Logout 1.0, section 2.6; RFC 8725
 */
export async function verifyLogoutToken(
  client: OAuth2Client,
  { settings, issuer }: Connection,
  token: string,
  scope: CallScope,
): Promise<LogoutToken> {
  const { decryption } = settings
  const plain = decryption === undefined ? token : await decrypted(token, decryption, scope.signal)
  const jws = parseCompactJws(plain, LONGEST_TOKEN, segments)
  if (typeof jws === 'string') throw unreadable
  mustBeLogout(jws.header)
  const metadata = await issuer.metadata(scope)
  const { alg } = jws.header
  if (!asymmetric.test(alg) || !algorithmsOf(settings.idTokenAlgorithm, metadata).includes(alg)) throw otherAlgorithm
  const keys = settings.keys ?? (await issuer.keys(scope))
  if (keys === undefined) throw new OAuth2ConfigurationError('no-keys', 'the metadata of the issuer name no "jwks_uri"')
  await mustBeSigned(jws, keys, scope.signal)
  const claims = parseJsonSegment(jws.payload, segments)
  if (claims === undefined) throw notClaims
  return judged(claims, {
    issuer: settings.issuerName,
    clientId: settings.clientId,
    toleranceSeconds: client.shared.toleranceSeconds,
    now: scope.now(),
  })
}

/** Older issuers name no type, or that of any JWT. */
function mustBeLogout({ typ, cty }: JwsHeader): void {
  const type = typ?.toLowerCase().replace(/^application\//, '')
  if (cty !== undefined || (type !== undefined && type !== 'logout+jwt' && type !== 'jwt')) throw otherType
}

/** OpenID Connect Core 1.0, section 3.1.3.7, number 7. */
function algorithmsOf(registered: string | undefined, metadata: JsonObject): readonly JsonValue[] {
  if (registered !== undefined) return [registered]
  const { id_token_signing_alg_values_supported: supported } = metadata
  return Array.isArray(supported) ? supported : ['RS256']
}

async function mustBeSigned(jws: CompactJws, keys: KeySource, signal: AbortSignal): Promise<void> {
  const { alg, kid } = jws.header
  const found = await keys.find({ alg, use: 'sig', ...(kid === undefined ? {} : { kid }) }, signal)
  if (isCause(found)) throw found.kind === 'Error' ? found : unknownKey
  // A source of one's own may answer anything.
  const fitting = found.filter((key) => VerificationKey.is(key) && VerificationKey.fits(key, { alg, use: 'sig' }))
  if (fitting.length === 0) throw unknownKey
  for (const key of fitting) if (await verifySignature(key, alg, jws.signed, jws.signature)) return
  throw badSignature
}

function judged(claims: JsonObject, rules: Rules): LogoutToken {
  const { iss, aud, jti, events, sub, sid } = claims
  if (iss !== rules.issuer) throw wrongIssuer
  if (!isAudience(aud) || !isFor(aud, new Set([rules.clientId]))) throw wrongAudience
  const usableUntil = endOf(claims, rules)
  if (Object.hasOwn(claims, 'nonce')) throw hasNonce
  if (!isLogoutEvent(events)) throw otherEvents
  if (!isName(jti)) throw noId
  if (!isNameOrAbsent(sub) || !isNameOrAbsent(sid) || (sub === undefined && sid === undefined)) throw nobody
  return { issuer: rules.issuer, sid, subject: sub, jti, usableUntil }
}

function endOf({ iat, exp, nbf }: JsonObject, { now, toleranceSeconds }: Rules): number {
  if (!isTime(iat) || !isTime(exp)) throw noTimes
  const from = Math.max(iat, isTime(nbf) ? nbf : 0) - toleranceSeconds
  if (now < from || (nbf !== undefined && !isTime(nbf))) throw early
  const [end, age] = [exp + toleranceSeconds, iat + LONGEST_AGE_SECONDS + toleranceSeconds]
  if (now >= end) throw over
  if (now >= age) throw old
  return Math.ceil(Math.min(end, age))
}

function isLogoutEvent(events: JsonValue | undefined): boolean {
  return isJsonObject(events) && Object.keys(events).length === 1 && isJsonObject(events[EVENT])
}

function isTime(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && value >= 0
}

function isName(value: JsonValue | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME
}

function isNameOrAbsent(value: JsonValue | undefined): value is string | undefined {
  return value === undefined || isName(value)
}
