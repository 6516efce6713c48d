import type { SessionContent, SessionOwner, SessionRecord, StoredSession } from '../../core/session-store.ts'

/** A tag, and the epoch of its roster in which the session got it. */
export interface TagEpoch {
  readonly tag: string
  readonly epoch: number
}

/** All that a session's text says but its payload. */
export interface SessionLead extends Omit<StoredSession, 'payload' | 'rotated' | 'tags'> {
  /** The epoch of the subject's roster in which the session began. */
  readonly epoch: number
  readonly tags: readonly TagEpoch[]
  /** The tags and their epochs as they are written. */
  readonly tagsText: string
}

/** What the text of a key says. */
export type KeyReading =
  | { readonly kind: 'live'; readonly lead: SessionLead; readonly session: StoredSession }
  | {
      readonly kind: 'grace'
      readonly graceUntil: number
      readonly tombstoneUntil: number
      readonly lead: SessionLead
      readonly session: StoredSession
    }
  | { readonly kind: 'tombstone'; readonly tombstoneUntil: number }

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
const CHUNK = 8192

/** The text of a session that is created. */
export function sessionText(
  record: SessionRecord,
  owner: SessionOwner,
  epoch: number,
  tags: readonly TagEpoch[],
): string {
  const [encoding, payload] = payloadText(record.payload)
  const times = `${record.createdAt} ${record.renewedAt} ${record.expiresAt}`
  const tagsText = tags.length === 0 ? '-' : tags.map(({ tag, epoch: since }) => `${tag}:${since}`).join(',')
  const head = `L 1 ${times} ${epoch} ${record.format} ${encoding} ${owner.handle} ${tagsText}`
  return `${head}\n${JSON.stringify(owner.subject)}\n${payload}`
}

/** What a script wants to know of content: its format, the encoding of its payload, and the payload. */
export function contentWords(content: SessionContent): readonly [string, string, string] {
  return [String(content.format), ...payloadText(content.payload)]
}

/** Clients hand over texts, so a payload that is one is kept as it is, and any other one in base64. */
function payloadText(payload: Uint8Array): readonly ['u' | 'b', string] {
  try {
    return ['u', strict.decode(payload)]
  } catch {
    return ['b', toBase64(payload)]
  }
}

/** Reads the text of a key. @throws Error when it is none. */
export function readKey(text: string): KeyReading {
  const kind = text.charCodeAt(0)
  if (kind === 0x54) return { kind: 'tombstone', tombstoneUntil: Number(text.slice(2)) }
  if (kind === 0x4c) {
    const lead = readLead(text)
    return { kind: 'live', lead, session: sessionOf(lead, text, false) }
  }
  const [, graceUntil, tombstoneUntil] = text.split(' ', 3)
  const frozen = text.slice(text.indexOf('L'))
  const lead = readLead(frozen)
  const session = sessionOf(lead, frozen, true)
  return { kind: 'grace', graceUntil: Number(graceUntil), tombstoneUntil: Number(tombstoneUntil), lead, session }
}

/** Reads the first two lines of a session. @throws Error when they are none. */
export function readLead(text: string): SessionLead {
  const first = text.indexOf('\n')
  const second = text.indexOf('\n', first + 1)
  const words = text.slice(0, first).split(' ')
  const [kind, version, createdAt, renewedAt, expiresAt, epoch, format, , handle, tagsText] = words
  const subject: unknown = first < 0 ? undefined : JSON.parse(text.slice(first + 1, second < 0 ? undefined : second))
  if (kind !== 'L' || handle === undefined || tagsText === undefined || typeof subject !== 'string') {
    throw new Error('what is stored in Redis is no session')
  }
  return {
    format: Number(format),
    createdAt: Number(createdAt),
    renewedAt: Number(renewedAt),
    expiresAt: Number(expiresAt),
    version: Number(version),
    epoch: Number(epoch),
    subject,
    handle,
    tags: tagsText === '-' ? [] : tagsText.split(',').map(readTag),
    tagsText,
  }
}

function readTag(text: string): TagEpoch {
  const colon = text.indexOf(':')
  return { tag: text.slice(0, colon), epoch: Number(text.slice(colon + 1)) }
}

function sessionOf(lead: SessionLead, text: string, rotated: boolean): StoredSession {
  const first = text.indexOf('\n')
  const payload = text.slice(text.indexOf('\n', first + 1) + 1)
  const isText = text.lastIndexOf(' u ', first) > 0
  const { format, createdAt, renewedAt, expiresAt, version, subject, handle } = lead
  return {
    format,
    payload: isText ? encoder.encode(payload) : fromBase64(payload),
    tags: lead.tags.map(({ tag }) => tag),
    createdAt,
    renewedAt,
    expiresAt,
    subject,
    handle,
    version,
    rotated,
  }
}

/** Standard base64. */
export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(binary)
}

/** Reads standard base64. */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}
