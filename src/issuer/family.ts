import { AuthenticationError } from '../core/cause.ts'
import type { SessionContent, StoredSession } from '../core/session-store.ts'
import { isJsonObject, parseJsonObject } from '../wire/json.ts'
import { decodeUtf8, encodeUtf8 } from '../wire/text.ts'
import { type GrantClaims, isGrant } from './grant.ts'

/** The token before the good one. */
interface Previous {
  /** Its hash. */
  readonly hash: string
  /** The good one, sealed so that only who has the previous can open it. */
  readonly sealed: string
  /** Until then, in seconds since 1970, it is answered with the good one. */
  readonly graceUntil: number
}

/** All refresh tokens that came of one grant, of which one is good. */
export interface Family {
  readonly grant: GrantClaims
  /** The hash of the token that is good. */
  readonly current: string
  /** `undefined` before the first exchange. */
  readonly previous: Previous | undefined
  /** From then on, in seconds since 1970, it is over, unless it is used before. */
  readonly idleAt: number
}

const FORMAT = 1

/** Writes a family as a store takes it. */
export function writeFamily(family: Family): SessionContent {
  return { format: FORMAT, payload: encodeUtf8(JSON.stringify(family)), tags: [] }
}

/** @throws AuthenticationError when another version of becauth wrote it, or something else did. */
export function readFamily({ format, payload }: StoredSession): Family {
  const text = format === FORMAT ? decodeUtf8(payload) : undefined
  const { grant, current, previous, idleAt } = (text === undefined ? undefined : parseJsonObject(text)) ?? {}
  if (!isGrant(grant) || typeof current !== 'string' || typeof idleAt !== 'number') throw unreadable()
  if (previous === undefined) return { grant, current, previous, idleAt }
  const { hash, sealed, graceUntil } = isJsonObject(previous) ? previous : {}
  if (typeof hash !== 'string' || typeof sealed !== 'string' || typeof graceUntil !== 'number') throw unreadable()
  return { grant, current, previous: { hash, sealed, graceUntil }, idleAt }
}

function unreadable(): AuthenticationError {
  return new AuthenticationError('the refresh token store has a record that this version cannot read', {
    code: 'store-unreadable',
  })
}
