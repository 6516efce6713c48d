import type { HeaderField } from '../../../core/request.ts'
import type { SessionAuthentication } from '../../../sessions/authentication.ts'
import type { SessionRequest } from '../../../sessions/types.ts'
import type { SessionTokens } from '../session-tokens/session-tokens.ts'
import type { OAuth2Credential } from '../tokens.ts'
import type { CompletedLogin } from './intents.ts'
import { claimsIn, logoutTags } from './logout-tags.ts'

/** What `sessions()` takes. */
const MOST_TAGS = 3

/** The session that a login starts. */
export interface SessionToMake<out D> {
  /** The account's id. */
  readonly subject: string
  readonly data: D
  /**
   * Names by which the session can be ended later: three, less those two by which the issuer's logouts find a stored session
   * that began with an id_token. Default: none.
   */
  readonly tags?: readonly string[] | undefined
  /** Whether the browser is remembered when the session is over. Needs stored sessions with `remember`. Default: `false`. */
  readonly remember?: boolean | undefined
}

/** What makes sessions: `sessions()` and `sealedSessions()` do. */
export interface SessionMaker<in D> {
  login(
    request: SessionRequest,
    data: D,
    options: {
      readonly subject: string
      readonly tags?: readonly string[]
      readonly remember?: boolean
      readonly authentication: SessionAuthentication
      readonly begunAt: number
      readonly kept?: string
    },
  ): Promise<Made>
  /** Answers whose session the request has: after a step-up of the same person it goes on. Sealed sessions have no such. */
  current?(request: SessionRequest): Promise<{ readonly subject: string } | undefined>
  rotate?(
    request: SessionRequest,
    options: {
      readonly because: 'step-up'
      readonly tags?: readonly string[]
      readonly authentication: SessionAuthentication
      readonly begunAt: number
      readonly kept?: string
    },
  ): Promise<{ readonly headers: readonly HeaderField[] } | undefined>
  /** Ends sessions by a tag that they were given. Sealed sessions have no such. */
  revokeTagged?(tag: string): Promise<number>
}

/** What became of a login in the sessions. */
interface Made {
  readonly headers: readonly HeaderField[]
  readonly kind?: 'logged-in' | 'refused'
  readonly reason?: 'too-many-sessions' | 'logged-out'
}

/** Starts the session of a login, or goes on with that of the same person after a step-up. */
export async function startSession<D>(
  { sessions, tokens }: { readonly sessions: SessionMaker<D>; readonly tokens: SessionTokens | undefined },
  request: SessionRequest,
  made: SessionToMake<D>,
  { credential, begunAt, isStepUp }: CompletedLogin,
): Promise<Made> {
  const { subject, data, remember } = made
  // Sealed sessions cannot be ended by a tag.
  const tags = sessions.revokeTagged === undefined ? made.tags : tagsOf(made.tags, logoutTags(credential))
  const kept = await tokens?.seal(request, credential, subject)
  // What is undefined must not stand in the place of what is there.
  const start = {
    authentication: authenticationOf(credential),
    begunAt,
    ...(tags === undefined ? {} : { tags }),
    ...(kept === undefined ? {} : { kept }),
  }
  if (isStepUp && (await sessions.current?.(request))?.subject === subject) {
    const rotated = await sessions.rotate?.(request, { because: 'step-up', ...start })
    if (rotated !== undefined) return { headers: rotated.headers }
  }
  const options = { subject, ...start, ...(remember === undefined ? {} : { remember }) }
  const result = await sessions.login(request, data, options)
  if (result.kind === 'refused' && kept !== undefined) await tokens?.discard(request, credential)
  return result
}

function tagsOf(given: readonly string[] | undefined, own: readonly string[]): readonly string[] | undefined {
  if (own.length === 0) return given
  const all = [...new Set([...(given ?? []), ...own])]
  if (all.length <= MOST_TAGS) return all
  const left = MOST_TAGS - own.length
  throw new TypeError(`loginRoutes(): "session" may answer ${left} "tags" at most beside those of the login`)
}

/** How the person logged in there, as far as the server says. */
function authenticationOf(credential: OAuth2Credential): SessionAuthentication {
  const claims = claimsIn(credential)
  return { acr: claims?.acr, amr: claims?.amr, authTime: claims?.auth_time ?? null }
}
