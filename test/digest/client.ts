import { createHash } from 'node:crypto'
import type { Outcome } from '../../src/core/who.ts'
import { formatAuthorization } from '../../src/wire/authorization.ts'
import { type ParsedChallenge, parseChallenges } from '../../src/wire/challenges.ts'

/** What a Digest client knows and wants. Everything that is left out is taken from the challenge, or usual. */
export interface Login {
  readonly username: string
  readonly password: string
  readonly method?: string
  readonly uri?: string
  /** Default: 1. */
  readonly nc?: number
  readonly cnonce?: string
  /** `null`: in the form of RFC 2069. Default: `'auth'`. */
  readonly qop?: 'auth' | 'auth-int' | null
  readonly body?: string | Uint8Array
  readonly userhash?: boolean
  /** The octets of the name are sent by `username*`. */
  readonly extended?: boolean
  /** Parameters to be sent whatever is right; `null` leaves one out. */
  readonly send?: Readonly<Record<string, string | null>>
}

const names: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' }

/** H of an algorithm, `-sess` or not. */
export function hashed(algorithm: string, data: string | Uint8Array): string {
  return createHash(names[algorithm.replace(/-sess$/, '')] ?? algorithm)
    .update(data)
    .digest('hex')
}

/** Answers a challenge as RFC 7616 says, by code of its own. */
export function respond(challenge: ParsedChallenge | undefined, login: Login): string {
  const parameters = new Map(challenge?.parameters)
  const { username, password, method = 'GET', uri = '/', qop = 'auth', cnonce = 'c29tZXRoaW5n', body = '' } = login
  const realm = parameters.get('realm') ?? ''
  const nonce = parameters.get('nonce') ?? ''
  const algorithm = parameters.get('algorithm') ?? 'MD5'
  const h = (data: string | Uint8Array) => hashed(algorithm, data)
  const nc = (login.nc ?? 1).toString(16).padStart(8, '0')
  const secret = h(`${username}:${realm}:${password}`)
  const ha1 = algorithm.endsWith('-sess') ? h(`${secret}:${nonce}:${cnonce}`) : secret
  const ha2 = h(qop === 'auth-int' ? `${method}:${uri}:${h(body)}` : `${method}:${uri}`)
  const response = h(qop === null ? `${ha1}:${nonce}:${ha2}` : `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`)
  const sent = new Map<string, string>()
  const name = login.userhash === true ? h(`${username}:${realm}`) : Buffer.from(username).toString('latin1')
  if (login.extended === true) sent.set('username*', `UTF-8''${encodeURIComponent(username)}`)
  else sent.set('username', name)
  sent.set('realm', realm).set('nonce', nonce).set('uri', uri).set('response', response).set('algorithm', algorithm)
  if (qop !== null) sent.set('qop', qop).set('nc', nc).set('cnonce', cnonce)
  const opaque = parameters.get('opaque')
  if (opaque !== undefined) sent.set('opaque', opaque)
  if (login.userhash === true) sent.set('userhash', 'true')
  for (const [key, value] of Object.entries(login.send ?? {})) {
    if (value === null) sent.delete(key)
    else sent.set(key, value)
  }
  const written = formatAuthorization({ scheme: 'Digest', parameters: sent })
  if (written === undefined) throw new Error('the client cannot write this header')
  return written
}

/** The challenges of a refusal, as clients read them. */
export function challengesOf(outcome: Outcome, field = 'WWW-Authenticate'): readonly ParsedChallenge[] {
  if (!('response' in outcome)) throw new Error(`not refused: ${outcome.kind}`)
  const lines = outcome.response.headers.filter(([name]) => name === field)
  return lines.flatMap(([, value]) => parseChallenges(value) ?? [])
}

/** What a refusal says: status, whether the client may go on without asking anybody, and why. */
export function refusal(outcome: Outcome): readonly [status: number, reason: string | undefined, stale: boolean] {
  if (!('response' in outcome)) throw new Error(`not refused: ${outcome.kind}`)
  const cause = outcome.failures[0]?.cause
  const reason = cause?.kind === 'InvalidCredentials' ? (cause.reason ?? cause.kind) : cause?.kind
  const stale = challengesOf(outcome).some(({ parameters }) => parameters?.get('stale') === 'true')
  return [outcome.response.status, reason, stale]
}

/** The parameters of the `Authentication-Info` that goes with an accepted answer. */
export function infoOf(outcome: Outcome, body?: Uint8Array): ReadonlyMap<string, string> | undefined {
  if (outcome.kind !== 'authenticated') throw new Error(`not accepted: ${outcome.kind}`)
  const head = { status: 200, header: () => undefined, body }
  const line = outcome.amendments?.headers?.(head).find(([name]) => /Authentication-Info$/.test(name))
  // Its parameters have the grammar of a challenge's.
  return line && parseChallenges(`Info ${line[1]}`)?.[0]?.parameters
}
