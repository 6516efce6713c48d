import { type InvalidCredentials, invalidCredentials } from '../../core/cause.ts'
import type { KnownReason } from '../../core/reasons.ts'
import type { JwsProblem } from '../../wire/jws.ts'

function refusal(reason: KnownReason, detail: string): InvalidCredentials {
  return invalidCredentials(reason, { detail: `jwt(): ${detail}` })
}

/** What is wrong with a text that is no signed token. */
export const unreadable: Readonly<Record<JwsProblem, InvalidCredentials>> = {
  'too-long': refusal('malformed-credential', 'the token is longer than "maxTokenLength"'),
  'not-compact': refusal(
    'malformed-credential',
    'the token is not three segments of base64url, without padding, the first of which is a JSON object',
  ),
  'bad-header': refusal('malformed-credential', 'the header has an "alg", "kid" or "typ" that is not a text'),
  critical: refusal('malformed-credential', 'the header has "crit" or "b64", which no JWT needs'),
  encrypted: refusal('wrong-type', 'the token is encrypted, and there is no "decrypt"'),
}

export const encryptionRefused: InvalidCredentials = refusal(
  'wrong-type',
  'the encryption is not one of "decrypt.keyManagement" and "decrypt.contentEncryption", or the text is compressed',
)

export const undecryptable: InvalidCredentials = refusal('bad-signature', 'the token cannot be decrypted')

export const unsigned: InvalidCredentials = refusal(
  'bad-signature',
  'what is encrypted is not a signed JWT, or the "cty" of the encryption is not "JWT"',
)

export const notClaims: InvalidCredentials = refusal(
  'malformed-credential',
  'the payload is not a JSON object in which "iss", "sub" and "jti" are texts, "aud" texts, and dates numbers of seconds',
)

export const nested: InvalidCredentials = refusal('wrong-type', 'the header has a "cty": claims are not another token')

export const algorithmRefused: InvalidCredentials = refusal(
  'bad-signature',
  'the algorithm of the signature is not one of "algorithms"',
)

export const unknownKey: InvalidCredentials = refusal(
  'unknown-key',
  'no key of "keys" fits the "kid" and "alg" of the token, or the token has no "kid" and several keys fit',
)

export const badSignature: InvalidCredentials = refusal('bad-signature', 'the signature does not verify')

export const wrongIssuer: InvalidCredentials = refusal('wrong-issuer', 'the "iss" is not one that is trusted')

export const wrongAudience: InvalidCredentials = refusal('wrong-audience', 'no "aud" is one of "audience"')

export const notAccessToken: InvalidCredentials = refusal(
  'wrong-type',
  'the "typ" is not "at+jwt"; profile: \'any\' takes tokens without a "typ" and with "JWT"',
)

export const notPlainToken: InvalidCredentials = refusal(
  'wrong-type',
  'the "typ" is neither missing nor "JWT"; profile: \'rfc9068\' takes "at+jwt"',
)

export const expired: InvalidCredentials = refusal('expired', 'the "exp" is past')

export const tooOld: InvalidCredentials = refusal('expired', 'the "iat" is longer ago than "maxAgeSeconds"')

export const notYetValid: InvalidCredentials = refusal('not-yet-valid', 'the "nbf" or "iat" is in the future')

export const schemaRefused: InvalidCredentials = refusal(
  'missing-claim',
  'the claims do not fit the schema of "claims"',
)

/** A claim that must be there and is not. The name is the developer's, not the token's. */
export function claimMissing(name: string, because: string): InvalidCredentials {
  return refusal('missing-claim', `the token has no "${name}", which ${because}`)
}

/** A claim that only tokens made for something else have. */
export function claimForeign(name: string): InvalidCredentials {
  const hint = name === 'nonce' ? '; "allowNonce" takes it' : ''
  return refusal('wrong-type', `the token has a "${name}", so it is not an access token${hint}`)
}
