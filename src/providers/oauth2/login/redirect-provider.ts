import { AuthenticationError, AuthenticationFailedCause, type InvalidCredentials } from '../../../core/cause.ts'
import { type LoginChallenge, loginOverride } from '../../../core/login-challenge.ts'
import { isNavigation } from '../../../core/navigation.ts'
import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type ChallengeAnswer,
  type ChallengeFunction,
  type FailureVerdict,
  type Principal,
  provider,
  type Verdict,
} from '../../../core/provider.ts'
import { absent, type PrincipalFrom, type Validated, verdictOf } from '../../../core/validate.ts'
import { safeReturnTo } from '../../../wire/return-to.ts'
import { isPrintableAscii } from '../../../wire/tokens.ts'
import type { OAuth2Client } from '../client.ts'
import { failureOf } from '../failures.ts'
import type { OAuth2Credential } from '../tokens.ts'
import { beginLogin } from './authorize.ts'
import { judgeCallback } from './callback.ts'
import { CallbackIntent, type LoginDemand, LoginIntent } from './intents.ts'

/** What `oauth2()` and `oidc()` are told beside their client. */
export interface RedirectOptions<C, P extends Principal> {
  /**
   * Answers the principal for a login that came back, `null` for a plain no, or a cause. To link an account, look it up by
   * issuer and subject, never by an e-mail address that nobody verified. Default: the credential is the principal.
   */
  readonly validate?: ((credential: C, context: AuthenticationContext) => Awaitable<Validated<P>>) | undefined
  /**
   * Answers what a person sees whose login failed for good: a page, or a redirect to one of this service's. Gets the cause: an
   * `OAuth2RedirectError` when the person or the server said no, an `OAuth2InvalidGrantError`, and so on. Default: a plain
   * 401.
   */
  readonly onFailure?:
    | ((
        failure: AuthenticationError | InvalidCredentials,
        context: AuthenticationContext,
      ) => Awaitable<ChallengeAnswer | null>)
    | undefined
  /**
   * What a refused browser gets: `redirect`, the authorization server for navigations; `always`, for every request; or a
   * login page of this service, which may offer several servers. Default: `redirect`.
   */
  readonly challenge?: 'redirect' | 'always' | LoginChallenge | undefined
  /** Names the area in the challenge: printable US-ASCII, not empty. Default: the name under which it is registered. */
  readonly realm?: string | undefined
  /** One line for documentation. Default: none. */
  readonly description?: string | undefined
}

/** Makes the provider of a client whose challenge is the redirect, and whose credential is the answer that comes back. */
export function redirectProvider<C extends OAuth2Credential, P extends Principal>(
  client: OAuth2Client,
  options: RedirectOptions<C, P>,
  isCredential: (credential: OAuth2Credential) => credential is C,
  owner: string,
): AuthenticationProvider<PrincipalFrom<P>> {
  const { validate, onFailure, challenge = 'redirect', realm, description } = checked(options, owner)
  const endpoints = client.options.settings?.endpoints
  if (endpoints !== undefined && endpoints.authorization === undefined) {
    throw new TypeError(`${owner}: "settings.endpoints.authorization" must be given`)
  }
  const begin = challenging(client)
  const ask = typeof challenge === 'string' ? begin(challenge === 'always') : loginOverride(challenge, owner)
  const forced = begin(true)
  return provider<PrincipalFrom<P>>({
    challenge: { scheme: 'OAuth2', parameters: realm === undefined ? [] : [['realm', realm]] },
    authenticate: async (context): Promise<Verdict<PrincipalFrom<P>>> => {
      const { purpose } = context.request
      if (purpose instanceof LoginIntent) return absent
      const result = await judgeCallback(client, context)
      if (result === undefined) return absent
      const { headers } = result
      if (result.credential === undefined) {
        if (purpose instanceof CallbackIntent) purpose.isOld = result.isOld
        return { cause: result.cause, always: headers }
      }
      const { credential, claims, isStepUp, begunAt } = result
      if (!isCredential(credential)) return { cause: notOfThisKind(owner), always: headers } satisfies FailureVerdict
      const answer = validate === undefined ? asPrincipal<C, P>(credential) : validate(credential, context)
      const verdict = await verdictOf<P>(answer, owner, { claims, always: headers })
      if (purpose instanceof CallbackIntent && verdict.cause === undefined) {
        purpose.complete({ credential, provider: context.name, begunAt, isStepUp })
      }
      return verdict
    },
    override: (cause, context) => {
      const { purpose } = context.request
      if (purpose instanceof LoginIntent) return forced(cause, context)
      if (cause.kind === 'NoCredentials') return ask(cause, context)
      // Whoever was refused is not sent to the authorization server again: with a session there, it would be in circles.
      return onFailure?.(cause, context) ?? null
    },
    raise: (demand, context) => begun(client, context, { returnTo: placeOf(context, client), demand }),
    readsHeaders: ['cookie'],
    description,
  })
}

function checked<C, P extends Principal>(options: RedirectOptions<C, P>, owner: string): RedirectOptions<C, P> {
  const { validate, onFailure, realm, challenge } = options
  for (const [name, value] of Object.entries({ validate, onFailure })) {
    if (value !== undefined && typeof value !== 'function')
      throw new TypeError(`${owner}: "${name}" must be a function`)
  }
  if (realm !== undefined && (typeof realm !== 'string' || realm === '' || !isPrintableAscii(realm))) {
    throw new TypeError(`${owner}: "realm" must be a non-empty string of printable US-ASCII`)
  }
  // What is no text is judged by what makes login pages of it.
  if (typeof challenge === 'string' && challenge !== 'redirect' && challenge !== 'always') {
    throw new TypeError(`${owner}: "challenge" must be "redirect", "always", a login page or a function`)
  }
  return options
}

/** Makes challenges that begin a login, for navigations or for every request. */
function challenging(client: OAuth2Client): (always: boolean) => ChallengeFunction {
  return (always) => async (_cause, context) => {
    const { request } = context
    const { purpose } = request
    if (!always && !isNavigation(request)) return null
    const intent = purpose instanceof LoginIntent ? purpose : undefined
    const demand: LoginDemand = intent?.demand ?? {}
    const returnTo = intent?.returnTo ?? placeOf(context, client)
    return { ...(await begun(client, context, { returnTo, demand })), always }
  }
}

/** The redirect that begins a login, or why nobody can log in now. */
async function begun(
  client: OAuth2Client,
  context: AuthenticationContext,
  wanted: { readonly returnTo: string; readonly demand: LoginDemand },
): Promise<ChallengeAnswer> {
  try {
    const { redirect, headers } = await beginLogin(client, context, wanted)
    return { redirect, headers }
  } catch (thrown) {
    const failure = thrown instanceof TypeError ? thrown : failureOf(thrown)
    if (failure instanceof AuthenticationError && failure.retryable) return { unavailable: failure }
    throw failure
  }
}

/** Where a refused read wanted to go. Nobody is sent back to a callback. */
function placeOf({ request }: AuthenticationContext, client: OAuth2Client): string {
  const { method, url } = request
  if ((method !== 'GET' && method !== 'HEAD') || client.callbackAt(url.pathname) !== undefined) return '/'
  return safeReturnTo(url.href, url.origin) ?? '/'
}

function notOfThisKind(owner: string): AuthenticationError {
  return new AuthenticationError(`${owner}: the client is of another kind`, {
    code: 'invalid-client',
    retryable: false,
  })
}

/** The principal of whoever gives no `validate`: then P is C. */
function asPrincipal<C extends OAuth2Credential, P extends Principal>(credential: C): Validated<P> {
  return isOwn<P>(credential) ? credential : AuthenticationFailedCause.InvalidCredentials
}

function isOwn<P extends Principal>(credential: unknown): credential is P {
  return typeof credential === 'object' && credential !== null
}
