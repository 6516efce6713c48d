import { formatParameters } from './auth-params.ts'
import { type ParameterCredentials, readCredentials, type Token68Credentials } from './authorization.ts'
import { COMMA, isPrintableAscii, isToken, isToken68, skipEmptyElements, skipWhitespace } from './tokens.ts'

/**
 * A challenge to be sent.
 *
 * @see RFC 9110, section 11.3
 */
export interface Challenge {
  /** The auth-scheme, a token, written as given. */
  readonly scheme: string
  /** One opaque value after the scheme, as Negotiate sends it; not together with `parameters`. Default: none. */
  readonly token68?: string
  /**
   * Names and unescaped values in the order to be sent, each name once (whatever its case), each value printable US-ASCII.
   * All values are quoted but those of `algorithm` and `stale` (RFC 7616, section 3.3). Default: none.
   */
  readonly parameters?: readonly (readonly [name: string, value: string])[]
}

/**
 * One challenge of a `WWW-Authenticate` field value as it was received.
 *
 * @see RFC 9110, section 11.3
 */
export type ParsedChallenge = Token68Credentials | ParameterCredentials

// RFC 7616, section 3.3: these must not be quoted; everything else may be, and `realm` must (RFC 9110, section 11.5).
const BARE_PARAMETERS = ['algorithm', 'stale'] as const

/**
 * Parses a `WWW-Authenticate` or `Proxy-Authenticate` field value: one or more challenges. Answers `undefined` when there
 * is none, and when any of them is outside the grammar or has a parameter twice. Never throws; takes time linear in the
 * length.
 *
 * @example
 * import { parseChallenges } from 'becauth/wire'
 *
 * parseChallenges('Basic realm="simple", Newauth type=1')?.map((challenge) => challenge.scheme) // ['Basic', 'Newauth']
 *
 * @see RFC 9110, section 11.6.1
 */
export function parseChallenges(value: string): readonly ParsedChallenge[] | undefined {
  const end = value.length
  const cursor = { text: value, end, position: 0 }
  const challenges: ParsedChallenge[] = []
  const none: ReadonlyMap<string, string> = new Map()
  for (let next = skipEmptyElements(value, 0, end, COMMA); next < end; ) {
    cursor.position = next
    const challenge = readCredentials(cursor, none)
    if (challenge === undefined) return undefined
    challenges.push(challenge)
    const after = skipWhitespace(value, cursor.position, end)
    if (after < end && value.charCodeAt(after) !== COMMA) return undefined
    next = skipEmptyElements(value, after, end, COMMA)
  }
  return challenges.length > 0 ? challenges : undefined
}

/**
 * Writes one challenge as a `WWW-Authenticate` field value. Answers `undefined` when it cannot be sent: a scheme or name
 * that is not a token, a name twice, a bad token68 or one beside parameters, a value with a character outside SP to `~`.
 *
 * @example
 * import { formatChallenge } from 'becauth/wire'
 *
 * formatChallenge({ scheme: 'Basic', parameters: [['realm', 'staff'], ['charset', 'UTF-8']] })
 * // 'Basic realm="staff", charset="UTF-8"'
 *
 * @see RFC 9110, section 11.6.1
 */
export function formatChallenge(challenge: Challenge): string | undefined {
  const { scheme, token68, parameters = [] } = challenge
  if (!isToken(scheme)) return undefined
  if (token68 !== undefined) return parameters.length === 0 && isToken68(token68) ? `${scheme} ${token68}` : undefined
  if (parameters.length === 0) return scheme
  const written = formatParameters(parameters, BARE_PARAMETERS, isPrintableAscii)
  return written === undefined ? undefined : `${scheme} ${written}`
}

/**
 * Writes challenges as one field value, joined by `, `. Answers `undefined` for an empty list and when any of them cannot
 * be sent. Prefer one field line for each where the runtime can: some clients see only the first of a joined line.
 *
 * @see RFC 9110, section 11.6.1
 */
export function formatChallenges(challenges: readonly Challenge[]): string | undefined {
  const written: string[] = []
  for (const challenge of challenges) {
    const text = formatChallenge(challenge)
    if (text === undefined) return undefined
    written.push(text)
  }
  return written.length > 0 ? written.join(', ') : undefined
}
