import { randomBytes } from '#crypto'
import { segments, signCompact, verifySignature } from '#jws'
import { AuthenticationError } from '../core/cause.ts'
import type { SigningKey } from '../keys/signing-key.ts'
import { encodeBase64Url } from '../wire/base64.ts'
import { parseCompactJws } from '../wire/jws.ts'
import type { GrantClaims } from './grant.ts'
import type { KeySchedule } from './key-schedule.ts'
import type { IssuerSettings } from './options.ts'

const JTI_BYTES = 16

/** Signs access tokens by the profile of RFC 9068. */
export class AccessTokens {
  readonly #settings: IssuerSettings
  readonly #schedule: KeySchedule
  /** Keys whose two halves belong together. */
  readonly #proven = new WeakSet<SigningKey>()

  constructor(settings: IssuerSettings, schedule: KeySchedule) {
    this.#settings = settings
    this.#schedule = schedule
  }

  /** @throws AuthenticationError when the key's public half is not that of its private one. */
  async sign(grant: GrantClaims, scope: string | undefined): Promise<string> {
    const { issuer, accessTokenSeconds, clock } = this.#settings
    const key = this.#schedule.signer
    const iat = Math.floor(clock())
    const jti = encodeBase64Url(randomBytes(JTI_BYTES))
    const claims = { iss: issuer, ...grant, scope, iat, exp: iat + accessTokenSeconds, jti }
    const header = { alg: key.alg, typ: 'at+jwt', kid: key.kid }
    const token = await signCompact(key, header, JSON.stringify(claims))
    if (!this.#proven.has(key)) await this.#prove(key, token)
    return token
  }

  /** What nobody can verify is better noticed here than by everybody else. */
  async #prove(key: SigningKey, token: string): Promise<void> {
    const jws = parseCompactJws(token, token.length, segments)
    const isGood =
      typeof jws !== 'string' && (await verifySignature(key.verification, key.alg, jws.signed, jws.signature))
    if (!isGood) {
      throw new AuthenticationError('the public half of the signing key belongs to another private key', {
        code: 'signing-key',
        retryable: false,
      })
    }
    this.#proven.add(key)
  }
}
