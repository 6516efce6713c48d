import { invalidCredentials } from '../../core/cause.ts'
import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type ChallengeFunction,
  type FailureVerdict,
  type Principal,
  provider,
} from '../../core/provider.ts'
import { absent, type PrincipalFrom, type Validated, verdictOf } from '../../core/validate.ts'
import { isPrintableAscii, isToken } from '../../wire/tokens.ts'
import { isWellFormedApiKey, mustBePrefix } from './key.ts'
import { type KeySource, readersOf } from './source.ts'

export { generateApiKey, hashApiKey, isWellFormedApiKey, verifyApiKey } from './key.ts'

/** A key as a client sent it, unproved: 1 to 1,024 visible US-ASCII characters without a comma. */
export interface ApiKeyCredential {
  readonly key: string
}

/** What `apiKey()` is told. */
export interface ApiKeyOptions<P extends Principal> {
  /** Answers the principal for a key, `null` for a plain no, or a cause. */
  readonly validate: (credential: ApiKeyCredential, context: AuthenticationContext) => Awaitable<Validated<P>>
  /** The header field that is the key. Default: `'X-Api-Key'`, or none where `cookie` is given. */
  readonly header?: string | undefined
  /**
   * The name of a cookie that is the key. Browsers attach it by themselves, so requests that another site may have caused
   * are denied (403) unless they only read. Default: none.
   */
  readonly cookie?: string | undefined
  /**
   * The parameter of the URL in which a key is accepted as well.
   *
   * @deprecated URLs end up in logs, histories and `Referer` fields, and with them every key.
   */
  readonly dangerouslyAcceptQueryKey?: string | undefined
  /**
   * What `generateApiKey` was given. A key without it, or with a wrong checksum, is then `malformed-credential`, and
   * `validate` is not called. Default: keys of any form.
   */
  readonly prefix?: string | undefined
  /** Names the protected area: printable US-ASCII, not empty. Default: the provider's name. */
  readonly realm?: string | undefined
  /** Chooses another answer for a refusal. Default: the challenge `ApiKey`. */
  readonly challenge?: ChallengeFunction | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
}

const longestKey = 1024
// VCHAR without the comma, which joins field lines.
const keyForm = /^[!-+\--~]+$/

/**
 * Authenticates requests that carry an API key in a header field, a cookie or both.
 *
 * Make keys with `generateApiKey`, store them hashed, and look them up by `hashApiKey`: who reads the table then has no
 * keys. A field that is empty or comes twice, a key that comes from two places, and one outside the grammar are
 * `malformed-credential`. There is no registered scheme for API keys; the 401 says `ApiKey realm="…"`.
 *
 * @example
 * import { apiKey, hashApiKey } from 'becauth/api-key'
 *
 * declare const table: Map<string, { owner: number }>
 *
 * export const machines = apiKey({
 *   prefix: 'acme_live',
 *   validate: async ({ key }) => table.get(await hashApiKey(key)) ?? null,
 * })
 *
 * @throws TypeError when `validate` is missing, or another option cannot be used.
 */
export function apiKey<P extends Principal>(options: ApiKeyOptions<P>): AuthenticationProvider<PrincipalFrom<P>> {
  check(options)
  const { validate, prefix, realm, header, cookie } = options
  const fields = header ?? (cookie === undefined ? 'X-Api-Key' : undefined)
  const readers = readersOf({ header: fields, cookie, query: options.dangerouslyAcceptQueryKey })
  const malformed: FailureVerdict = Object.freeze({ cause: invalidCredentials('malformed-credential') })
  const isKey = (value: string): boolean => {
    if (value.length > longestKey || !keyForm.test(value)) return false
    return prefix === undefined || isWellFormedApiKey(value, prefix)
  }
  return provider({
    challenge: { scheme: 'ApiKey', parameters: realm === undefined ? [] : [['realm', realm]] },
    authenticate: (context) => {
      let key: string | undefined
      let source: KeySource | undefined
      for (const reader of readers) {
        const values = reader.read(context.request)
        if (values.length === 0) continue
        if (values.length > 1 || source !== undefined) return malformed
        key = values[0]
        source = reader
      }
      if (key === undefined || source === undefined) return absent
      return isKey(key) ? verdictOf<P>(validate({ key }, context), 'apiKey()', source.grant) : malformed
    },
    override: options.challenge,
    description: options.description,
    readsHeaders: [fields, cookie === undefined ? undefined : 'Cookie'].filter((name) => name !== undefined),
  })
}

function check(options: ApiKeyOptions<Principal>): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('apiKey(): wants an object of options')
  const { validate, header, cookie, dangerouslyAcceptQueryKey: query, prefix, realm, challenge } = options
  if (typeof validate !== 'function') throw new TypeError('apiKey(): "validate" must be a function')
  if (header !== undefined && (!isName(header) || /^(?:authorization|cookie)$/i.test(header))) {
    throw new TypeError(
      'apiKey(): "header" must be the name of a header field other than Cookie and Authorization (for that, bearer())',
    )
  }
  if (cookie !== undefined && !isName(cookie)) throw new TypeError('apiKey(): "cookie" must be the name of a cookie')
  if (query !== undefined && (typeof query !== 'string' || query === '')) {
    throw new TypeError('apiKey(): "dangerouslyAcceptQueryKey" must be the name of a parameter')
  }
  if (prefix !== undefined) mustBePrefix(prefix, 'apiKey()')
  if (realm !== undefined && (typeof realm !== 'string' || realm === '' || !isPrintableAscii(realm))) {
    throw new TypeError('apiKey(): "realm" must be a non-empty string of printable US-ASCII')
  }
  if (challenge !== undefined && typeof challenge !== 'function') {
    throw new TypeError('apiKey(): "challenge" must be a function')
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && isToken(value)
}
