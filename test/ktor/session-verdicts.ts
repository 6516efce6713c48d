import { expect } from 'vitest'
import { type Difference, neverWithout, outage, storedSession } from './differences.ts'
import {
  challengeKnows,
  dataIsPrincipal,
  ends,
  freshId,
  jsonData,
  keyOnly,
  maxAgeOnly,
  noCache,
  noFolder,
  randomId,
  replaced,
  safeCookie,
  sealing,
  values,
} from './session-differences.ts'
import type { Seen } from './session-kit.ts'

/** What becauth does where it is not what Ktor does, or not in Ktor's way. */
export interface SessionRow {
  readonly verdict: Seen
  /** The facts of Ktor's that do not hold here. */
  readonly differs: readonly (keyof Seen | 'headers' | 'derived')[]
  readonly because: readonly [Difference, ...Difference[]]
}

const challenged: SessionRow = {
  verdict: { status: 401, challenges: ['Session realm="default"'] },
  differs: [],
  because: [neverWithout],
}
const shortKey: SessionRow = { verdict: { error: 'configuration' }, differs: ['result', 'error'], because: [sealing] }
const sealedCookie = expect.stringMatching(/^_S=e1\.a\.[\w-]{22}\.[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
const sealedField: Seen = { fields: [['Set-Cookie', sealedCookie]] }
const ownFormat: SessionRow = { verdict: sealedField, differs: ['headers'], because: [sealing] }
const wrote: SessionRow = { verdict: sealedField, differs: [], because: [sealing] }
const known: SessionRow = {
  verdict: { status: 200, principal: { userId: 'id 2', cart: [] } },
  differs: [],
  because: [sealing],
}
const unknown: SessionRow = { verdict: { status: 200, cause: 'NoCredentials' }, differs: [], because: [sealing] }
const refused: SessionRow = {
  verdict: { status: 200, cause: 'InvalidCredentials', reason: 'bad-signature' },
  differs: [],
  because: [sealing],
}
const unreadable: SessionRow = { ...refused, verdict: { ...refused.verdict, reason: 'malformed-credential' } }
const storedCookie = expect.stringMatching(/^_S=s1\.[\w-]{11}\.[\w-]{22}; /)
const ownId: SessionRow = {
  verdict: { fields: [['Set-Cookie', storedCookie]] },
  differs: ['headers'],
  because: [randomId],
}

/** By the id of the case. Every other case that is observed is as in Ktor. */
export const sessionVerdicts: Readonly<Record<string, SessionRow>> = {
  'session.only.none': challenged,
  'session.only.cookie': {
    verdict: { status: 401, cause: 'InvalidCredentials', reason: 'malformed-credential' },
    differs: ['status', 'principal'],
    because: [storedSession],
  },
  'session.only.logout': challenged,
  'session.deferred.protected': {
    verdict: { status: 503, cause: 'Error' },
    differs: ['error'],
    because: [outage],
  },
  'session.src-invalid': {
    verdict: { challenges: ['Session realm="default"'], result: { id: 1 } },
    differs: ['headers'],
    because: [neverWithout, challengeKnows],
  },
  'session.src-no-validator': {
    verdict: { status: 200, principal: { id: 1 } },
    differs: ['error'],
    because: [dataIsPrincipal],
  },
  'session.src-login-fixation': {
    verdict: { result: 'another id, and the old one is dead', reason: 'revoked' },
    differs: ['result'],
    because: [freshId],
  },

  'encrypt.aes256-key': { verdict: { result: 'constructed' }, differs: [], because: [sealing] },
  'encrypt.aes256-iv': {
    verdict: { result: 'e1, key a, salt of 16, IV and tag with text' },
    differs: ['result'],
    because: [sealing],
  },
  'encrypt.roundtrip-128': shortKey,
  'encrypt.roundtrip-192': shortKey,
  'encrypt.src-iv-flip': {
    verdict: { result: 'refused', status: 401, reason: 'bad-signature' },
    differs: ['result'],
    because: [sealing],
  },
  'signed.vector': { verdict: sealedField, differs: ['derived'], because: [sealing] },
  'encrypted.read': known,
  'encrypted.none': unknown,
  'encrypted.last-digit-flipped': refused,
  'encrypted.vector': ownFormat,
  'encrypted-compat.set': wrote,
  'encrypted-compat.read': known,
  'encrypted-compat.read-set-cookie-line': known,
  'encrypted-compat.none': unknown,
  'encrypted-compat.last-digit-flipped': refused,
  'encrypted-compat.vector': ownFormat,
  'encrypted-no-compat.read-set-cookie-line': known,
  'encrypted-no-compat.none': unknown,
  'encrypted-no-compat.last-digit-flipped': refused,
  'encrypted-no-compat.last-digit-not-hex': unreadable,

  'cache.storage-same-value': {
    verdict: { result: 'reads 1,3,5; writes 1,1,2; invalidations 0' },
    differs: ['result'],
    because: [noCache],
  },
  'cache.timeout-expired': { verdict: { result: null }, differs: [], because: [noCache] },
  'storage.dir.src-hostile-id': {
    verdict: { status: 401, cause: 'InvalidCredentials', reason: 'malformed-credential' },
    differs: ['status'],
    because: [noFolder],
  },

  'sessions.by-value.set': { ...ownFormat, because: [storedSession, safeCookie] },
  'sessions.by-id.set': ownId,
  'sessions.by-id.accessors': {
    verdict: { result: 'no session, and no id' },
    differs: ['result'],
    because: [values],
  },
  'sessions.by-id.server-id.json': {
    verdict: { result: 'handle is not in the cookie; stored userId id2' },
    differs: ['result'],
    because: [randomId],
  },
  'sessions.by-id.custom-identity': {
    verdict: { fields: [['Set-Cookie', expect.stringMatching(/^_S=s1\.[\w.-]{34}; Max-Age=5; /)]] },
    differs: ['headers'],
    because: [randomId, maxAgeOnly],
  },
  'sessions.by-id.invalid-cleared': {
    verdict: { fields: [['Set-Cookie', '_S=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax']] },
    differs: ['headers'],
    because: [maxAgeOnly],
  },
  'sessions.duplicate-providers': {
    verdict: { result: 'same provider: error; another: ok' },
    differs: ['result'],
    because: [values],
  },
  'sessions.too-early': { verdict: { body: 'OK' }, differs: ['error'], because: [values] },
  'sessions.identity-from-call.2': ownId,
  'sessions.only-if-modified.cookie.same': { ...ownFormat, because: [replaced] },
  'sessions.only-if-modified.header.different': {
    verdict: { status: 200, fields: [] },
    differs: ['headers'],
    because: [keyOnly],
  },
  'sessions.src-set-null': { verdict: { result: 'no session' }, differs: ['result'], because: [ends] },
  'sessions.src-defaults': {
    verdict: {
      result: { name: '__Host-session', path: '/', httpOnly: true, secure: true, sameSite: 'lax' },
      status: 401,
    },
    differs: ['result'],
    because: [safeCookie, ends],
  },
}

/** The cases about machinery of Ktor's that becauth does without, and why it does. */
export const lacking: Readonly<Record<string, Difference>> = {
  'transform.write-order': jsonData,
  'transform.read-order': jsonData,
  'encrypt.desede': sealing,
  'format.primitives': jsonData,
  'format.collections': jsonData,
  'cache.event-loop': noCache,
  'storage.dir.setup': noFolder,
}
