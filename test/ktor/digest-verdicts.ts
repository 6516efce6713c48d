import { expect } from 'vitest'
import type { Seen } from './digest-observed.ts'

/** What becauth answers where it is not what Ktor answers. */
export interface DigestRow {
  readonly verdict: Seen
  /** The facts of Ktor's that do not hold here. */
  readonly differs: readonly ('status' | 'principal' | 'cause' | 'headers' | 'result' | 'error')[]
  /** Sections of RFCs, numbered flaws and deviations of Ktor's, and why. */
  readonly because: string
  /** Whether the same user is let in as soon as the nonce is ours and the uri is the target. */
  readonly rewritten?: boolean
}

const target = 'RFC 7616 section 3.4.6, D15, F14b: the uri that was signed must be the one that is asked for'
const opaque = 'RFC 7616 section 3.4: opaque must be what was sent, and none was'
const ownNonce = 'RFC 7616 section 3.3, D16, F14: a nonce must be one that the service made'
const malformed = 'RFC 7616 section 3.4, D14, F15: a client that breaks the grammar is told so, and nothing crashes'
const noXml = 'becauth signs no XML, so its algorithms have no names there'

const otherOpaque: Seen = { status: 401, cause: 'InvalidCredentials', reason: 'malformed-credential' }
const otherTarget: Seen = { status: 400, cause: 'InvalidCredentials', reason: 'malformed-request' }
const malformedRequest: Seen = { status: 400, cause: 'InvalidCredentials', reason: 'malformed-request' }
const staleNonce: Seen = { status: 401, reason: 'expired', stale: true }

/** By the id of the case. Every other case is as in Ktor. */
export const digestVerdicts: Readonly<Record<string, DigestRow>> = {
  'algorithms.digest-uris': {
    verdict: { result: { 'SHA-256': null, 'SHA-384': null, 'SHA-512': null, 'SHA-256-sess': null, custom: null } },
    differs: ['result'],
    because: noXml,
  },
  'algorithms.signature-from-uri': { verdict: {}, differs: ['result'], because: noXml },
  'digest.challenge-rfc': {
    verdict: { status: 401 },
    differs: ['headers'],
    because: 'RFC 7616 section 3.7, D19: the default is SHA-256, qop is always sent, and stale only when it is true',
  },
  'digest.parse-rfc': {
    verdict: { status: 401, cause: 'NoCredentials' },
    differs: [],
    because: 'decision.md rule 10, D05: a provider that answers nothing lets nobody in',
  },
  'digest.validate.accepted': {
    verdict: otherOpaque,
    differs: ['status', 'principal'],
    because: `${opaque}; ${target}`,
    rewritten: true,
  },
  'digest.rfc.success': {
    verdict: otherOpaque,
    differs: ['status', 'principal'],
    because: `${opaque}; ${target}`,
    rewritten: true,
  },
  'digest.nonce.issued': { verdict: otherTarget, differs: ['status'], because: target, rewritten: true },
  'digest.nonce.tampered': { verdict: otherTarget, differs: ['status'], because: `${target}; ${ownNonce}` },
  'digest.userhash.valid': {
    verdict: staleNonce,
    differs: ['status', 'principal'],
    because: ownNonce,
    rewritten: true,
  },
  'digest.userhash.unknown': { verdict: malformedRequest, differs: ['status'], because: malformed },
  'digest.auth-info.md5-sess': {
    verdict: { ...staleNonce, info: undefined },
    differs: ['status', 'principal', 'headers'],
    because: `${ownNonce}; D21: nothing is proved to whom nothing is accepted of`,
    rewritten: true,
  },
  'digest.strict-mode': {
    verdict: { result: { algorithms: ['SHA-256'], charset: 'UTF-8' } },
    differs: ['result'],
    because: 'D18: the defaults are strict, and there is no mode',
  },
  'digest.interop.auth-info': {
    verdict: { status: 200, info: expect.not.stringContaining('nextnonce') },
    differs: ['headers'],
    because: 'RFC 7616 section 3.5: a next nonce with every answer would end pipelining; ours comes when this one ages',
  },
  'digest.src-lower-case-scheme': {
    verdict: { status: 200, principal: 'user' },
    differs: ['status', 'cause'],
    because: 'RFC 9110 section 11.1, D13, F15c: the names of schemes have no case',
  },
  'digest.src-missing-uri': { verdict: malformedRequest, differs: ['status'], because: malformed },
  'digest.src-unknown-algorithm': {
    verdict: { status: 401, reason: 'malformed-credential' },
    differs: ['status'],
    because: malformed,
  },
  'digest.src-qop-without-cnonce': { verdict: malformedRequest, differs: ['status'], because: malformed },
  'digest.src-no-qop': {
    verdict: malformedRequest,
    differs: ['status'],
    because: 'RFC 7616 section 3.4, D20, F14d: the form of RFC 2069 only where it is allowed',
  },
  'digest.src-other-uri': { verdict: otherTarget, differs: ['status'], because: target },
  'digest.src-default-config': {
    verdict: { status: 401 },
    differs: ['headers'],
    because: 'F15d, D19: one default, SHA-256; SHA-512-256 first breaks curl, and MD5 is only for who asks for it',
  },
  'nonce.src-non-hex-time': {
    verdict: { result: false },
    differs: ['error'],
    because: 'D46, F16: what cannot be read is not ours',
  },
}
