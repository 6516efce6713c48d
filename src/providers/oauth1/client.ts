import { sha256 } from '#crypto'
import { AuthenticationError, type AuthenticationFailedCause, InvalidCredentials } from '../../core/cause.ts'
import { isNavigation } from '../../core/navigation.ts'
import type { AuthenticationContext, ChallengeAnswer, Principal, Verdict } from '../../core/provider.ts'
import type { HeaderField, RequestView } from '../../core/request.ts'
import { absent, type PrincipalFrom, verdictOf } from '../../core/validate.ts'
import { TRANSACTION_SECONDS } from '../../crypto/transaction-cookies.ts'
import { encodeBase64Url } from '../../wire/base64.ts'
import { parseForm } from '../../wire/form.ts'
import { askedReturnTo, safeReturnTo } from '../../wire/return-to.ts'
import {
  type CheckedOptions,
  checkedOptions,
  type Oauth1Login,
  type Oauth1Options,
  type Oauth1OptionsOf,
} from './client-options.ts'
import { Oauth1AnswerError, Oauth1DeniedError } from './errors.ts'
import { askForCredentials } from './token-endpoint.ts'
import { type Transaction, Transactions } from './transactions.ts'

const NAMESPACE = 'oauth1-tx'
const RETURN_TO = 'returnTo'
/** A longer place does not fit into the cookie. */
const LONGEST_RETURN_TO = 512
/** A longer request token is nobody's. */
const LONGEST_TOKEN = 512

const malformed = new InvalidCredentials('malformed-credential', {
  detail: 'the callback must have oauth_token and oauth_verifier, each once',
})
const replayed = new InvalidCredentials('replayed', { detail: 'the callback was used before' })

/** What a callback's query says: who was asked, and what they answered. */
interface Returned {
  readonly token: string
  /** `undefined` when the person said no. */
  readonly verifier: string | undefined
}

/** One `oauth1()`: it sends browsers away and judges them when they come back. */
export class Oauth1Client<P extends Principal> {
  readonly #options: Oauth1Options | Oauth1OptionsOf<P>
  readonly #checked: CheckedOptions
  readonly #transactions: Transactions

  constructor(options: Oauth1Options | Oauth1OptionsOf<P>) {
    this.#options = options
    this.#checked = checkedOptions(options)
    this.#transactions = new Transactions(options.keys, options.dangerouslyAllowInsecureCookie === true)
  }

  /** Whether the request is the callback; asked before anything asynchronous. */
  concerns(request: RequestView): boolean {
    return request.method === 'GET' && request.url.pathname === this.#checked.callbackPath
  }

  async authenticate(context: AuthenticationContext): Promise<Verdict<Oauth1Login | PrincipalFrom<P>>> {
    const returned = returnedBy(context.request)
    if (returned === undefined) return absent
    if (returned instanceof InvalidCredentials) return { cause: returned }
    const settings = await this.#checked.settings(context.request)
    // Whatever else it says is judged only for a login that this very browser began.
    const opened = await this.#transactions.open(returned.token, settings.id, context)
    const always: readonly HeaderField[] = opened.deletion === undefined ? [] : [opened.deletion]
    if ('cause' in opened) return { cause: opened.cause, always }
    const { transaction } = opened
    if (!(await this.#isUnspent(transaction, context))) return { cause: replayed, always }
    const { token, tokenSecret, returnTo } = transaction
    if (returned.verifier === undefined) return { cause: new Oauth1DeniedError(), always }
    try {
      const answered = await askForCredentials(
        {
          url: settings.accessTokenUrl,
          token: { token, tokenSecret },
          parameters: [['oauth_verifier', returned.verifier]],
        },
        settings,
        context,
      )
      return await this.#accept({ ...answered, returnTo }, always, context)
    } catch (thrown) {
      if (thrown instanceof AuthenticationError) return { cause: thrown, always }
      throw thrown
    }
  }

  async #accept(
    login: Oauth1Login,
    always: readonly HeaderField[],
    context: AuthenticationContext,
  ): Promise<Verdict<Oauth1Login | PrincipalFrom<P>>> {
    const { validate } = this.#options
    return validate === undefined
      ? { principal: login, always }
      : verdictOf<P>(validate(login, context), 'oauth1()', { always })
  }

  /** The other side judges verifiers too; that nobody tries several is judged here, before it is asked. */
  async #isUnspent({ token, createdAt }: Transaction, context: AuthenticationContext): Promise<boolean> {
    const key = encodeBase64Url(await sha256(`${context.name}\n${token}`))
    const expiresAt = createdAt + TRANSACTION_SECONDS + 1
    const freshness = await this.#checked.transactionStore.consume(NAMESPACE, key, expiresAt, context)
    if (freshness === 'fresh' || freshness === 'seen') return freshness === 'fresh'
    throw new AuthenticationError('oauth1(): the store of spent request tokens has no room', {
      code: 'one-time-store-full',
    })
  }

  /** Sends a browser without credentials to the server; a failed one nowhere, or it would go round for ever. */
  async challenge(cause: AuthenticationFailedCause, context: AuthenticationContext): Promise<ChallengeAnswer | null> {
    const { onFailure } = this.#options
    if (cause.kind !== 'NoCredentials') return (await onFailure?.(cause, context)) ?? null
    const { always } = this.#checked
    if (!always && !isNavigation(context.request)) return null
    try {
      return { ...(await this.#redirect(context)), always }
    } catch (thrown) {
      if (thrown instanceof AuthenticationError && thrown.retryable) return { unavailable: thrown, always }
      if (onFailure !== undefined && thrown instanceof AuthenticationError) return onFailure(thrown, context)
      throw thrown
    }
  }

  async #redirect(context: AuthenticationContext): Promise<Pick<ChallengeAnswer, 'redirect' | 'headers'>> {
    const settings = await this.#checked.settings(context.request)
    const answered = await askForCredentials(
      {
        url: settings.requestTokenUrl,
        parameters: [['oauth_callback', this.#checked.callbackUrl], ...settings.requestTokenParameters],
      },
      settings,
      context,
    )
    // A server of OAuth 1.0 would send whoever it likes back to whatever address it was told (RFC 5849, section 2.1).
    if (answered.parameters.oauth_callback_confirmed !== 'true') {
      throw new Oauth1AnswerError('callback-unconfirmed', 'the server does not confirm the callback')
    }
    const { token, tokenSecret } = answered
    const transaction: Transaction = {
      v: 1,
      provider: context.name,
      server: settings.id,
      token,
      tokenSecret,
      returnTo: this.#returnTo(context.request),
      createdAt: Math.floor(context.now()),
    }
    const headers = token.length > LONGEST_TOKEN ? undefined : await this.#transactions.begin(transaction, context)
    if (headers === undefined) {
      throw new Oauth1AnswerError('too-large-for-cookie', 'the temporary credentials are too large for a cookie')
    }
    const location = new URL(settings.authorizeUrl)
    location.searchParams.set('oauth_token', token)
    return { redirect: location.href, headers }
  }

  #returnTo({ method, url }: RequestView): string {
    const isRead = method === 'GET' || method === 'HEAD'
    const isOwnPage = url.pathname === this.#checked.loginPath || url.pathname === this.#checked.callbackPath
    const asked = isRead && !isOwnPage ? url.href : askedReturnTo(url, RETURN_TO)
    const place = asked === undefined ? undefined : safeReturnTo(asked, url.origin)
    return place === undefined || place.length > LONGEST_RETURN_TO ? '/' : place
  }
}

/** `undefined` when the query has nothing of a callback. */
function returnedBy({ url }: RequestView): Returned | InvalidCredentials | undefined {
  const query = parseForm(url.search.slice(1))
  if (query === undefined) return malformed
  const valuesOf = (name: string) => query.filter(([one]) => one === name).map(([, value]) => value)
  const [tokens, verifiers, denied] = [valuesOf('oauth_token'), valuesOf('oauth_verifier'), valuesOf('denied')]
  if (tokens.length + verifiers.length + denied.length === 0) return undefined
  const [token, ...otherTokens] = tokens.length === 0 && verifiers.length === 0 ? denied : tokens
  const [verifier, ...otherVerifiers] = verifiers
  if (otherTokens.length + otherVerifiers.length > 0 || denied.length > 1) return malformed
  if (token === undefined || token === '' || token.length > LONGEST_TOKEN || verifier === '') return malformed
  return { token, verifier: denied.length > 0 ? undefined : verifier }
}
