import {
  anotherScheme,
  bearerError,
  configured,
  type Difference,
  failClosed,
  noStatus,
  outage,
  problemDocument,
  quotedRealm,
} from './differences.ts'
import type { Row } from './verdicts.ts'

const claimsAreEnough: Difference = {
  title: 'A JWT needs no `validate`',
  rule: 'RFC 7519 section 7.2',
  why: 'Issuer, audience, time and type were checked by mandatory options, so the claims themselves can be the principal.',
}

const noEmptyClaims: Difference = {
  title: 'Claims are plain data, and nobody reads claims of an incomplete token',
  rule: 'RFC 7519 section 4.1, RFC 9068 section 2.2',
  why: 'A token without an issuer is refused before there are claims to read, so that there is no accessor with a default.',
}

const realm = 'Bearer realm="ktor jwt auth test"'
const problem = '{"type":"about:blank","title":"Unauthorized","status":401}'
const notMine: Row = {
  verdict: { cause: { default: 'NoCredentials' }, body: problem },
  because: [anotherScheme, problemDocument],
}
const invalidToken: Row = {
  verdict: { wwwAuthenticate: [`${realm}, error="invalid_token"`], body: problem },
  because: [bearerError, problemDocument],
}

/** By the id of the case. Every other case of JWTs is as in Ktor. */
export const jwtVerdicts: Readonly<Record<string, Row>> = {
  'jwt.custom-challenge': {
    verdict: { wwwAuthenticate: ['Basic realm="custom1", charset="UTF-8"'], body: problem },
    because: [quotedRealm, problemDocument],
  },
  'jwt.audience-mismatch': notMine,
  'jwt.issuer-mismatch': notMine,
  'jwt.jwk.audience-mismatch': notMine,
  'jwt.jwk.issuer-mismatch': notMine,
  'jwt.jwk.scheme-missing': notMine,
  'jwt.truncated-token': invalidToken,
  'jwt.jwk.not-a-jwt': invalidToken,
  'jwt.jwk.scheme-with-colon': {
    verdict: { status: 401, body: problem, wwwAuthenticate: [`${realm}, error="invalid_token"`] },
    because: [anotherScheme, problemDocument],
  },
  'jwt.jwk.not-a-jwt-custom-challenge': {
    verdict: { status: 401, body: problem },
    because: [noStatus, problemDocument],
  },
  'jwt.no-validate': { verdict: { principal: 'JWT payload' }, because: [claimsAreEnough] },
  'jwt.src-exception': { verdict: { status: 503, cause: { default: 'Error' } }, because: [outage] },
  'jwt.src-no-verifier': { verdict: { error: 'configuration' }, because: [configured] },
  'jwt.src-noop-challenge': { verdict: { status: 401, wwwAuthenticate: [realm] }, because: [failClosed] },
  'jwt.src-no-error-code': {
    verdict: { wwwAuthenticate: [`${realm}, error="invalid_token"`] },
    because: [bearerError],
  },
  'jwt.claims-missing-list': { verdict: { result: 'missing-claim' }, because: [noEmptyClaims] },
}
