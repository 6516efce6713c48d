import type { InvalidCredentials } from '../../core/cause.ts'
import { deepFreeze } from '../../core/deep-freeze.ts'
import type { Principal } from '../../core/provider.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import { isPrincipal } from '../../core/validate.ts'
import { clientAuthOf } from '../../keys/client-authentication.ts'
import { trustedUrl } from '../../keys/options.ts'
import type { ClaimRules } from './claims.ts'
import { IssuerClient } from './issuer-client.ts'
import type { AnswerAlgorithm, IntrospectionOptions } from './options.ts'
import { claimMissing, schemaRefused } from './refusals.ts'
import { type Memory, type Reader, TokenCheck } from './token-check.ts'

const algorithms: ReadonlySet<unknown> = new Set<AnswerAlgorithm>([
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
])

const MOST_ENTRIES = 1_000_000

/** @throws TypeError when an option is missing or cannot be used. */
export function tokenCheckOf<C extends Principal, P extends Principal>(
  options: IntrospectionOptions<C, P>,
): TokenCheck<C> {
  const { claims, validate, challenge } = options
  for (const [name, value] of Object.entries({ validate, challenge })) {
    if (value !== undefined && typeof value !== 'function') throw misuse(`"${name}" must be a function`)
  }
  if (claims !== undefined && typeof claims?.['~standard']?.validate !== 'function') {
    throw misuse('"claims" must be a Standard Schema, such as one of Zod, Valibot or ArkType')
  }
  const rules = rulesOf(options)
  const client = clientOf(options, rules.toleranceSeconds)
  return new TokenCheck<C>({
    ask: (token, context) => client.introspect(token, context),
    read: claims === undefined ? readClaims<C> : schemaReader(claims),
    rules,
    memory: memoryOf(options),
  })
}

function clientOf<C, P extends Principal>(options: IntrospectionOptions<C, P>, toleranceSeconds: number): IssuerClient {
  const { issuer, endpoint, clientId, clientAuthentication, signedAnswers, jwksUri } = options
  const anywhere = options.dangerouslyAllowHttp === true
  if (typeof clientId !== 'string' || clientId === '') throw misuse('"clientId" must be a non-empty string')
  if (signedAnswers !== undefined && !algorithms.has(signedAnswers)) {
    throw misuse(`"signedAnswers" must be one of ${[...algorithms].join(', ')}`)
  }
  if (endpoint === undefined && jwksUri !== undefined) throw misuse('"jwksUri" goes with "endpoint" only')
  if ((signedAnswers === undefined) === (endpoint !== undefined && jwksUri !== undefined)) {
    if (endpoint !== undefined)
      throw misuse('"endpoint" with "signedAnswers" needs "jwksUri", and without has no use for it')
  }
  // Only what is fetched must be a URL that can be trusted: an issuer's name may be anything.
  const names = {
    ...(endpoint === undefined ? { issuer } : { endpoint }),
    ...(jwksUri === undefined ? {} : { jwksUri }),
  }
  const urls = Object.entries(names).map(([name, value]) => urlOf(name, value, anywhere))
  if (typeof issuer !== 'string' || issuer === '') throw misuse('"issuer" must be a non-empty string')
  if (endpoint === undefined && /[?#]/.test(issuer)) throw misuse('"issuer" must have no query and no fragment')
  return new IssuerClient({
    issuer,
    endpoint,
    jwksUri,
    clientId,
    clientAuth: clientAuthOf(clientAuthentication, 'introspection()'),
    signedAnswers,
    allowHttp: anywhere ? 'anywhere' : urls.some(({ protocol }) => protocol === 'http:') ? 'loopback' : 'never',
    timeoutSeconds: between(options.timeoutSeconds ?? 5, 0.1, 30, 'timeoutSeconds'),
    toleranceSeconds,
  })
}

function urlOf(name: string, value: unknown, allowHttp: boolean): URL {
  const url = trustedUrl(value, allowHttp)
  if (typeof url === 'string' || typeof value !== 'string') {
    throw misuse(`"${name}" ${typeof url === 'string' ? url : 'must be a string'}`)
  }
  return url
}

function rulesOf<C, P extends Principal>(options: IntrospectionOptions<C, P>): ClaimRules {
  return {
    issuer: options.issuer,
    audiences: audiencesOf(options),
    required: requiredOf(options),
    toleranceSeconds: between(options.clockToleranceSeconds ?? 5, 0, 600, 'clockToleranceSeconds'),
  }
}

function audiencesOf<C, P extends Principal>(options: IntrospectionOptions<C, P>): ReadonlySet<string> | undefined {
  const { resource, dangerouslyAcceptAnyAudience: any } = options
  const audience: unknown = options.audience ?? resource?.resource
  if (any === true) {
    if (audience === undefined) return undefined
    throw misuse('"dangerouslyAcceptAnyAudience" has no use beside "audience" or "resource"')
  }
  if (resource !== undefined && audience !== resource.resource) {
    throw misuse('"audience" must be left out, or be the one of "resource"')
  }
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  const texts = audiences.filter((one) => typeof one === 'string' && one !== '')
  if (texts.length === 0 || texts.length < audiences.length) {
    throw misuse('"audience" must be what "aud" calls this service: a non-empty string, or several')
  }
  return new Set(texts.map(String))
}

function requiredOf<C, P extends Principal>(
  options: IntrospectionOptions<C, P>,
): readonly (readonly [claim: string, missing: InvalidCredentials])[] {
  const { requiredClaims = [], dangerouslyAcceptAnyAudience: any } = options
  if (!Array.isArray(requiredClaims) || !requiredClaims.every((one) => typeof one === 'string' && one !== '')) {
    throw misuse('"requiredClaims" must be a list of names of members')
  }
  const reasons = new Map<string, string>(requiredClaims.map((name) => [name, '"requiredClaims" names']))
  if (any !== true) reasons.set('aud', 'says for whom the token is')
  return [...reasons].map(([name, because]) => [name, claimMissing(name, because)])
}

function memoryOf<C, P extends Principal>({ cache = {} }: IntrospectionOptions<C, P>): Memory | undefined {
  if (cache === false) return undefined
  if (typeof cache !== 'object' || cache === null) throw misuse('"cache" must be false or an object of options')
  const { maxEntries = 5000, activeSeconds = 30, inactiveSeconds = 10 } = cache
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > MOST_ENTRIES) {
    throw misuse(`"cache.maxEntries" must be a whole number from 1 to ${MOST_ENTRIES}`)
  }
  return {
    maxEntries,
    activeSeconds: between(activeSeconds, 0, 3600, 'cache.activeSeconds'),
    inactiveSeconds: between(inactiveSeconds, 0, 3600, 'cache.inactiveSeconds'),
  }
}

function between(value: number, least: number, most: number, name: string): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw misuse(`"${name}" must be a number of seconds from ${least} to ${most}`)
}

/** Takes the answer as it is; without a schema it is what is wanted. */
function readClaims<C extends Principal>(claims: object): ReturnType<Reader<C>> {
  return isPrincipal<C>(claims) ? { claims } : schemaRefused
}

/** Has a schema read the answer. */
function schemaReader<C>(schema: StandardSchema<C>): Reader<C> {
  return async (claims) => {
    const result = await schema['~standard'].validate(claims)
    return result.issues === undefined ? { claims: deepFreeze(result.value) } : schemaRefused
  }
}

function misuse(problem: string): TypeError {
  return new TypeError(`introspection(): ${problem}`)
}
