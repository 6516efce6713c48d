import type { IncomingMessage } from 'node:http'
import { parseAuthorization } from 'becauth/wire'

/** What a Digest header tells without being proved: two numbers. */
export interface DigestTrace {
  /** How old the nonce is; `undefined` when it does not look like one of ours. */
  readonly nonceAgeSeconds: number | undefined
  /** The how-manieth request with this nonce, `nc`. */
  readonly count: number | undefined
}

// A nonce begins with its version, the id of its key and the milliseconds since 1970.
const NONCE_BYTES = 39
const VERSION = 1
const TIME_AT = 5
const TIME_BYTES = 6

/** Reads age and count; `undefined` when the request has no Digest header that can be read. */
export function traceOf({ headers: { authorization } }: IncomingMessage): DigestTrace | undefined {
  const credentials = parseAuthorization(authorization ?? '')
  if (credentials?.scheme.toLowerCase() !== 'digest') return undefined
  const nc = credentials.parameters?.get('nc') ?? ''
  return {
    nonceAgeSeconds: ageOf(credentials.parameters?.get('nonce') ?? ''),
    count: /^[0-9a-f]{8}$/i.test(nc) ? Number.parseInt(nc, 16) : undefined,
  }
}

function ageOf(nonce: string): number | undefined {
  const bytes = Buffer.from(nonce, 'base64url')
  if (bytes.length !== NONCE_BYTES || bytes[0] !== VERSION) return undefined
  return Math.round(Date.now() - bytes.readUIntBE(TIME_AT, TIME_BYTES)) / 1000
}
