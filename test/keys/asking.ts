import { isCause } from '../../src/core/cause.ts'
import { type FetchedKeySource, type FetchedKeysOptions, jwks, type KeySource } from '../../src/keys/index.ts'
import { jwksUrl, type ScriptedIssuer, wanting } from './scripted-issuer.ts'

/** Keys of a scripted issuer, at its time. */
export function sourceOf(issuer: ScriptedIssuer, options: FetchedKeysOptions = {}): FetchedKeySource {
  return jwks(jwksUrl, { fetch: issuer.fetch, clock: issuer.clock, ...options })
}

/** Answers the ids of what was found, the reason of a refusal, or the code of an error. */
export async function ask(keys: KeySource, kid: string | undefined, alg?: string): Promise<string> {
  return say(await keys.find(wanting(kid, alg), new AbortController().signal))
}

export function say(found: Awaited<ReturnType<KeySource['find']>>): string {
  if (!isCause(found)) return found.map((key) => key.kid ?? 'nameless').join()
  if (found.kind === 'Error') return `${found.code}${found.retryable ? '' : ' (final)'}`
  return found.kind === 'InvalidCredentials' ? String(found.reason) : found.kind
}
