import { fetchText } from './fetch-text.ts'
import { type FetchedKeySource, FetchedKeys } from './fetched-keys.ts'
import { readKeySet } from './key-set.ts'
import { type FetchedKeysOptions, settingsOf, trustedUrl } from './options.ts'
import { readWarmStart } from './warm-start.ts'

export const ACCEPT_JWKS = 'application/jwk-set+json, application/json'

/**
 * Makes a source of the keys that an issuer publishes as a JWK Set.
 *
 * Nothing is fetched until a token needs it, so a service starts while its issuer is down. Then one fetch at a time, for all
 * requests: when keys are about to grow stale, in the background, and when a token names a key that is not there, at most
 * once in `cooldownSeconds`. Only an answer 200 with a JWK Set that has a usable key replaces the keys, as a whole. While
 * fetches fail, keys that are known go on to verify for `staleIfErrorSeconds`; of a key that is not known nobody can say
 * whether it is right, so that its token is answered with 503 instead of being refused.
 *
 * Redirects are not followed, an answer is at most 512 KiB and 100 keys, and no URL is ever taken from a token. `Cache-Control:
 * max-age` is heeded, from one minute to one day; without it keys are fresh for ten minutes.
 *
 * @example
 * import { jwks } from 'becauth/keys'
 *
 * export const keys = jwks('https://id.example/jwks.json')
 *
 * @throws TypeError when the URL is not `https:` (`http:` to this machine is allowed) or an option is not what it must be.
 * @see RFC 7517, section 5
 */
export function jwks(url: string | URL, options: FetchedKeysOptions = {}): FetchedKeySource {
  const settings = settingsOf('jwks()', options)
  const trusted = trustedUrl(url, settings.allowHttp)
  if (typeof trusted === 'string') throw new TypeError(`jwks(): "url" ${trusted}`)
  const { href } = trusted
  const origin = {
    name: href,
    async load(known: Parameters<typeof readKeySet>[1], signal: AbortSignal) {
      const { text, maxAgeSeconds } = await fetchText(settings.fetch, href, ACCEPT_JWKS, signal)
      return { ...readKeySet(text, known), maxAgeSeconds }
    },
  }
  return new FetchedKeys(origin, settings, readWarmStart('jwks()', href, options.warmStart))
}
