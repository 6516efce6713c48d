import { sha256 } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import { invalidCredentials } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import type { PresentedToken, ProofRefused, ProofVerdict, TokenProof } from '../../core/token-proof.ts'
import { encodeBase64Url } from '../../wire/base64.ts'

const accepted: ProofVerdict = Object.freeze({})

const missing: ProofRefused = Object.freeze({
  cause: invalidCredentials('proof-missing', {
    detail: 'certificateBound(): the token is bound to a certificate ("cnf.x5t#S256"), and the client showed none',
  }),
})

const otherCertificate: ProofRefused = Object.freeze({
  cause: invalidCredentials('proof-invalid', {
    detail: 'certificateBound(): the client showed another certificate than the token is bound to',
  }),
})

/**
 * Confirms that a token is sent over a connection whose client has the certificate that the token is bound to, by `cnf` and
 * `x5t#S256`, so that a token that was stolen is of no use to anybody else.
 *
 * The certificate is the one of the client's own TLS connection, so the server must ask for one (on Node `requestCert`); who
 * issued it does not matter to a token's binding. Behind proxies it is read from `Client-Cert` (RFC 9440) where
 * `clientCertFromProxies` of `authentication()` says that they write it. Adapters of runtimes that do not tell of
 * certificates leave such tokens `proof-missing`.
 *
 * @example
 * import { certificateBound } from 'becauth/certificate-bound'
 * import { jwt } from 'becauth/jwt'
 * import { jwks } from 'becauth/keys'
 *
 * export const api = jwt({
 *   issuer: 'https://id.example',
 *   audience: 'https://orders.example',
 *   keys: jwks('https://id.example/jwks.json'),
 *   proofs: [certificateBound()],
 * })
 *
 * @see RFC 8705, section 3; RFC 9440
 */
export function certificateBound(): TokenProof {
  return { confirms: 'x5t#S256', prove }
}

function prove({ confirmation }: PresentedToken, context: AuthenticationContext): Awaitable<ProofVerdict> {
  const { certificate } = context.request.peer
  if (certificate === undefined) return missing
  return chain(sha256(certificate), (hash) => (encodeBase64Url(hash) === confirmation ? accepted : otherCertificate))
}
