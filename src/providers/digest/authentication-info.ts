import { digestHash } from '#crypto'
import type { OnAccept } from '../../core/provider.ts'
import type { HeaderField } from '../../core/request.ts'
import { quote } from '../../wire/quoted-string.ts'
import type { AlgorithmRow } from './algorithms.ts'
import type { DigestCredential } from './credential.ts'
import { responseOf } from './response.ts'

/** What an accepted request is answered with. */
export interface Answer {
  /** `Authentication-Info` or `Proxy-Authentication-Info`. */
  readonly field: string
  readonly credential: DigestCredential
  readonly nextNonce: string | undefined
}

/**
 * The field that proves to the client that the server knows its password, and gives it the next nonce.
 *
 * @see RFC 7616, section 3.5
 */
export function authenticationInfo(answer: Answer, rspauth: string | undefined): readonly HeaderField[] {
  const { qop, nc, cnonce } = answer.credential
  const parts: string[] = []
  if (rspauth !== undefined) parts.push(`rspauth="${rspauth}"`)
  if (qop !== undefined) parts.push(`qop=${qop}`, `nc=${nc}`, `cnonce=${quote(cnonce ?? '')}`)
  if (answer.nextNonce !== undefined) parts.push(`nextnonce="${answer.nextNonce}"`)
  return parts.length === 0 ? [] : [[answer.field, parts.join(', ')]]
}

/** The same for `auth-int`, whose proof is about the body of the answer, where the adapter has it. */
export function authenticationInfoOfBody(answer: Answer, algorithm: AlgorithmRow, ha1: string): OnAccept {
  return ({ body }) => {
    const hash = body === undefined ? undefined : digestHash(algorithm.hash, body)
    // Web Crypto answers later, when the head has gone.
    const rspauth = typeof hash === 'string' ? responseOf(algorithm, ha1, answer.credential, '', hash) : undefined
    return authenticationInfo(answer, typeof rspauth === 'string' ? rspauth : undefined)
  }
}
