import type { InvalidCredentials } from '../../core/cause.ts'
import type { TokenResource } from '../../core/token-resource.ts'
import { runtimeHas } from '../../keys/algorithms.ts'
import { FoundKeys, isKeySource } from './found-keys.ts'
import type { IssuerRules, JwsAlgorithm } from './options.ts'
import { claimForeign, claimMissing } from './refusals.ts'

/** The rules of one issuer, made ready. */
export interface Rules {
  readonly issuer: string
  readonly audiences: ReadonlySet<string>
  readonly keys: FoundKeys
  readonly algorithms: ReadonlySet<string>
  /** Whether only access tokens by RFC 9068 pass. */
  readonly strict: boolean
  readonly required: readonly (readonly [claim: string, missing: InvalidCredentials])[]
  readonly forbidden: readonly (readonly [claim: string, foreign: InvalidCredentials])[]
  readonly toleranceSeconds: number
  readonly maxAgeSeconds: number | undefined
}

/** Rules as they are given; a `resource` may stand for the audience. */
interface GivenRules extends Omit<IssuerRules, 'audience'> {
  readonly audience?: IssuerRules['audience'] | undefined
}

const asymmetric: readonly JwsAlgorithm[] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
  ...(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const),
]
const known: ReadonlySet<string> = new Set([...asymmetric, 'HS256', 'HS384', 'HS512'])

const always = ['iss', 'aud', 'exp'] as const
const byRfc9068 = ['iss', 'aud', 'exp', 'sub', 'client_id', 'iat', 'jti'] as const
const ofOtherTokens = ['at_hash', 'c_hash', 's_hash', 'events', 'nonce'] as const

const MAXIMUM_TOLERANCE = 600

/** @throws TypeError, naming the option under `where`, when a rule cannot be used. */
export function rulesOf(
  issuer: unknown,
  options: GivenRules,
  where: string,
  resource: TokenResource | undefined,
): Rules {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${where}: must be an object of rules`)
  if (typeof issuer !== 'string' || issuer === '') {
    throw new TypeError(`${where}: "issuer" must be the issuer's exact "iss", a non-empty string`)
  }
  const { keys, profile = 'rfc9068', clockToleranceSeconds = 5, maxAgeSeconds } = options
  if (!isKeySource(keys)) throw new TypeError(`${where}: "keys" must be a source of keys, such as staticKeys()`)
  if (profile !== 'rfc9068' && profile !== 'any') {
    throw new TypeError(`${where}: "profile" must be 'rfc9068' or 'any'`)
  }
  if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= MAXIMUM_TOLERANCE)) {
    throw new TypeError(`${where}: "clockToleranceSeconds" must be from 0 to ${MAXIMUM_TOLERANCE}`)
  }
  if (maxAgeSeconds !== undefined && !(maxAgeSeconds > 0 && Number.isFinite(maxAgeSeconds))) {
    throw new TypeError(`${where}: "maxAgeSeconds" must be a positive number`)
  }
  return {
    issuer,
    audiences: audiencesOf(options, where, resource),
    keys: new FoundKeys(keys, 'sig'),
    algorithms: algorithmsOf(options, where),
    strict: profile === 'rfc9068',
    required: requiredOf(options, where),
    forbidden: profile === 'any' ? foreignTo(options) : [],
    toleranceSeconds: clockToleranceSeconds,
    maxAgeSeconds,
  }
}

function audiencesOf(options: GivenRules, where: string, resource: TokenResource | undefined): ReadonlySet<string> {
  const { audience = resource?.resource } = options
  if (resource !== undefined && audience !== resource.resource) {
    throw new TypeError(`${where}: "audience" must be left out, or be the one of "resource"`)
  }
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  const texts = audiences.filter((one) => typeof one === 'string' && one !== '')
  if (texts.length === 0 || texts.length < audiences.length) {
    throw new TypeError(`${where}: "audience" must be what "aud" calls this service: a non-empty string, or several`)
  }
  return new Set(texts.map(String))
}

function algorithmsOf({ algorithms = asymmetric }: GivenRules, where: string): ReadonlySet<string> {
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every((one) => known.has(one))) {
    throw new TypeError(`${where}: "algorithms" must be a list of ${[...known].join(', ')}`)
  }
  const lacking = algorithms === asymmetric ? undefined : algorithms.find((one) => !runtimeHas(one))
  if (lacking !== undefined) throw new TypeError(`${where}: "algorithms" has ${lacking}, which this runtime lacks`)
  return new Set(algorithms)
}

function requiredOf(options: GivenRules, where: string): Rules['required'] {
  const { profile = 'rfc9068', requiredClaims = [], maxAgeSeconds, dangerouslyAcceptUnexpiring } = options
  if (!Array.isArray(requiredClaims) || !requiredClaims.every((one) => typeof one === 'string' && one !== '')) {
    throw new TypeError(`${where}: "requiredClaims" must be a list of names of claims`)
  }
  const reasons = new Map<string, string>()
  if (profile === 'rfc9068') {
    for (const name of byRfc9068) reasons.set(name, "every access token has by RFC 9068; profile: 'any' asks for less")
  }
  if (maxAgeSeconds !== undefined) reasons.set('iat', '"maxAgeSeconds" needs')
  for (const name of requiredClaims) reasons.set(name, '"requiredClaims" names')
  for (const name of always) reasons.set(name, 'every token must have')
  if (dangerouslyAcceptUnexpiring === true) reasons.delete('exp')
  return [...reasons].map(([name, because]) => [name, claimMissing(name, because)])
}

function foreignTo({ allowNonce }: GivenRules): Rules['forbidden'] {
  const names = allowNonce === true ? ofOtherTokens.filter((name) => name !== 'nonce') : ofOtherTokens
  return names.map((name) => [name, claimForeign(name)])
}
