import { AuthenticationError } from '../core/cause.ts'
import type { LoadedKeys } from './attempt.ts'
import { fetchText, UnwantedStatus } from './fetch-text.ts'
import { type FetchedKeySource, FetchedKeys, type Origin } from './fetched-keys.ts'
import { ownMember } from './jwk.ts'
import { ACCEPT_JWKS } from './jwks.ts'
import { malformed, parseObject, readKeySet } from './key-set.ts'
import { type FetchedKeysOptions, type FetchedKeysSettings, isLoopback, settingsOf, trustedUrl } from './options.ts'
import type { VerificationKey } from './verification-key.ts'
import { readWarmStart } from './warm-start.ts'

const METADATA_SECONDS = 3600

/**
 * Makes a source of the keys that an issuer publishes where its metadata says: `/.well-known/openid-configuration` after the
 * issuer, or, where that does not exist, `/.well-known/oauth-authorization-server` before its path.
 *
 * Metadata whose `issuer` is not the very same text is refused, and so is a `jwks_uri` that is not `https:` (`http:` is
 * allowed from an issuer on this machine to this machine). Otherwise everything is as with `jwks()`; the metadata is read
 * again after an hour, and after a failure.
 *
 * @example
 * import { discoveredKeys } from 'becauth/keys'
 *
 * export const keys = discoveredKeys('https://id.example')
 *
 * @param issuer exactly as tokens have it in `iss`.
 * @throws TypeError when the issuer is not an `https:` URL (`http:` to this machine is allowed) without query and fragment,
 *   or an option is not what it must be.
 * @see RFC 8414, sections 3 and 3.3; OpenID Connect Discovery 1.0, section 4
 */
export function discoveredKeys(issuer: string, options: FetchedKeysOptions = {}): FetchedKeySource {
  const settings = settingsOf('discoveredKeys()', options)
  const url = typeof issuer === 'string' ? trustedUrl(issuer, settings.allowHttp) : 'must be a text'
  if (typeof url === 'string') throw new TypeError(`discoveredKeys(): "issuer" ${url}`)
  if (/[?#]/.test(issuer)) throw new TypeError('discoveredKeys(): "issuer" must have no query and no fragment')
  const warm = readWarmStart('discoveredKeys()', issuer, options.warmStart)
  return new FetchedKeys(new Discovery(issuer, url, settings), settings, warm)
}

class Discovery implements Origin {
  readonly name: string
  readonly #url: URL
  readonly #settings: FetchedKeysSettings
  #jwksUri: { readonly href: string; readonly readAt: number } | undefined

  constructor(issuer: string, url: URL, settings: FetchedKeysSettings) {
    this.name = issuer
    this.#url = url
    this.#settings = settings
  }

  async load(known: readonly VerificationKey[], signal: AbortSignal): Promise<LoadedKeys> {
    const href = await this.#locate(signal)
    // Forgotten until it proves good: a set that has moved is found by its metadata.
    const jwksUri = this.#jwksUri
    this.#jwksUri = undefined
    const { text, maxAgeSeconds } = await fetchText(this.#settings.fetch, href, ACCEPT_JWKS, signal)
    const read = readKeySet(text, known)
    this.#jwksUri = jwksUri
    return { ...read, maxAgeSeconds }
  }

  async #locate(signal: AbortSignal): Promise<string> {
    const age = this.#settings.clock() - (this.#jwksUri?.readAt ?? Number.NEGATIVE_INFINITY)
    if (this.#jwksUri !== undefined && age >= 0 && age < METADATA_SECONDS) return this.#jwksUri.href
    const href = this.#jwksUriOf(await this.#metadata(signal))
    this.#jwksUri = { href, readAt: this.#settings.clock() }
    return href
  }

  async #metadata(signal: AbortSignal): Promise<object> {
    const { origin, pathname } = this.#url
    const path = pathname.replace(/\/$/, '')
    const openid = `${origin}${path}/.well-known/openid-configuration`
    try {
      return await this.#document(openid, signal)
    } catch (first) {
      if (!isElsewhere(first)) throw first
      return await this.#document(`${origin}/.well-known/oauth-authorization-server${path}`, signal).catch((second) => {
        throw isElsewhere(second) ? first : second
      })
    }
  }

  async #document(href: string, signal: AbortSignal): Promise<object> {
    const { text } = await fetchText(this.#settings.fetch, href, 'application/json', signal)
    return parseObject(text, 'The metadata')
  }

  #jwksUriOf(metadata: object): string {
    if (ownMember(metadata, 'issuer') !== this.name) {
      throw new AuthenticationError('The metadata is that of another issuer.', { code: 'keys-wrong-issuer' })
    }
    const { allowHttp } = this.#settings
    const url = trustedUrl(ownMember(metadata, 'jwks_uri'), allowHttp)
    if (typeof url === 'string') throw malformed(`In the metadata, "jwks_uri" ${url}.`)
    if (url.protocol === 'http:' && !allowHttp && !isLoopback(this.#url)) {
      throw malformed('In the metadata, "jwks_uri" leads from another machine to this one.')
    }
    return url.href
  }
}

/** Whether an answer says that there is no such document: a 4xx, or the page that a site shows for every path. */
function isElsewhere(error: unknown): boolean {
  if (error instanceof UnwantedStatus) return error.status >= 400 && error.status < 500
  return error instanceof AuthenticationError && error.code === 'keys-malformed'
}
