import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TokenConfirmation } from 'becauth/issuer'
import { memoryOneTimeStore } from 'becauth/memory'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'

/** The key that came with a token request, proved: none, one, or a proof that is wrong. */
export type ClientKey = { readonly confirmation: TokenConfirmation | undefined } | 'wrong'

/** By which algorithms proofs are accepted: asymmetric ones alone. */
export const proofAlgorithms = ['ES256', 'Ed25519', 'EdDSA', 'PS256', 'RS256']

const maxAgeSeconds = 60

/**
 * Makes the function that finds out to which key a new token is to be bound. Routes leave that to `dpop()`; where tokens
 * are issued there is none yet to which a proof could belong.
 *
 * @see RFC 9449, section 5
 */
export function clientProofs(address: string): (req: IncomingMessage) => Promise<ClientKey> {
  const used = memoryOneTimeStore()
  const isFresh = (jkt: string, jti: string): boolean => {
    const key = createHash('sha256').update(`${jkt}\n${jti}`).digest('base64url')
    const now = () => Date.now() / 1000
    return used.consume('token-proof', key, now() + 2 * maxAgeSeconds, { now }) === 'fresh'
  }
  return async (req) => {
    const { dpop, dpop: [proof = ''] = [] } = req.headersDistinct
    if (dpop === undefined) return { confirmation: undefined }
    if (dpop.length > 1) return 'wrong'
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: proofAlgorithms,
        maxTokenAge: maxAgeSeconds,
        clockTolerance: 5,
      })
      const { jti, htm, htu } = payload
      const { jwk } = protectedHeader
      if (jwk === undefined || typeof jti !== 'string' || htm !== req.method || htu !== address) return 'wrong'
      const jkt = await calculateJwkThumbprint(jwk)
      return isFresh(jkt, jti) ? { confirmation: { jkt } } : 'wrong'
    } catch {
      return 'wrong'
    }
  }
}
