import { BoundedMap } from '../../../core/bounded-map.ts'
import { AuthenticationError } from '../../../core/cause.ts'
import type { KeepsText, KeptText, SessionRequest } from '../../../sessions/types.ts'
import type { Connection, OAuth2Client } from '../client.ts'
import { OAuth2Unavailable } from '../errors.ts'
import { revokeTokens } from './refresh.ts'
import { haveSameTokens, type SealedTokens } from './sealed-tokens.ts'
import type { TokensInSession, TokenVault } from './token-vault.ts'

/** Sessions that keep tokens: those of `sessions()`. */
export interface TokenSessions extends KeepsText {
  /** Answers the live sessions of a subject. */
  list(subject: string): Promise<readonly { readonly handle: string }[]>
}

/** What writing needs of everything else. */
export interface WriterParts {
  readonly client: OAuth2Client
  readonly sessions: TokenSessions
  readonly vault: TokenVault
  readonly pause: (milliseconds: number) => Promise<void>
  readonly fault: (message: string, cause?: unknown) => void
}

/** Tokens that nobody could write, and what they were got with. */
interface Unwritten {
  readonly before: SealedTokens
  readonly tokens: SealedTokens
}

/** How often a write is tried again that somebody else was faster with. */
const TURNS = 10
const MOST_UNWRITTEN = 1000
const [FIRST_PAUSE, LONGEST_PAUSE] = [100, 2000]

/** Brings what came of a refresh into the session that it belongs to, and never into one that has ended. */
export class TokenWriter {
  readonly #parts: WriterParts
  /** By the handle of the session. */
  readonly #unwritten = new BoundedMap<Unwritten>(MOST_UNWRITTEN)

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  /**
   * Writes new tokens in place of those that were seen; a store that is down is asked again for so many seconds. Answers the
   * tokens that are good from now on; `undefined` when the session has ended, and then the new ones are revoked.
   */
  async write(
    request: SessionRequest,
    seen: TokensInSession,
    tokens: SealedTokens,
    connection: Connection,
    seconds: number,
  ): Promise<SealedTokens | undefined> {
    const { vault, pause } = this.#parts
    const text = await vault.seal(seen.kept.subject, tokens)
    for (let waited = 0, next = FIRST_PAUSE; ; next = Math.min(next * 2, LONGEST_PAUSE)) {
      try {
        const placed = await this.#place(request, seen, text, tokens)
        if (placed === 'ended') await this.discard(tokens, connection)
        if (placed === 'elsewhere') this.#keep(seen, tokens)
        return placed === 'ended' ? undefined : placed === 'elsewhere' ? tokens : placed
      } catch (error) {
        const mayHelp = error instanceof AuthenticationError && error.retryable && waited < seconds * 1000
        if (!mayHelp) {
          this.#keep(seen, tokens)
          this.#parts.fault('refreshed tokens could not be written into their session', error)
          return tokens
        }
        await pause(next)
        waited += next
      }
    }
  }

  /**
   * Writes tokens that could not be written when they came, and answers what `write` does; `undefined` when there are none for
   * this session.
   */
  async rescue(
    request: SessionRequest,
    seen: TokensInSession,
    connection: Connection,
  ): Promise<{ readonly tokens: SealedTokens | undefined } | undefined> {
    const { handle } = seen.kept
    const unwritten = this.#unwritten.get(handle)
    if (unwritten === undefined) return undefined
    this.#unwritten.delete(handle)
    if (!haveSameTokens(unwritten.before, seen.content)) return undefined
    return { tokens: await this.write(request, seen, unwritten.tokens, connection, 0) }
  }

  /** Ends a session whose refresh token the server takes no more, unless it has another by now; then that is answered. */
  async end(request: SessionRequest, before: SealedTokens): Promise<SealedTokens | undefined> {
    const { sessions, vault } = this.#parts
    for (let turn = 0; turn < TURNS; turn++) {
      const current = await vault.read(request)
      if (current === undefined) return undefined
      if (!haveSameTokens(current.content, before)) return current.content
      // By an old key nobody can end it; the browser's next request has the new one.
      if (current.kept.isFixed) break
      if (await sessions.endKept(request, current.kept.text)) return undefined
    }
    throw new OAuth2Unavailable('session-changed', 'the session is being changed by others')
  }

  /** Lets others know at once that an attempt has failed. If it cannot be written, they find out when its lease ends. */
  async noteFailure(
    request: SessionRequest,
    { kept, content }: TokensInSession,
    tries: number,
    at: number,
  ): Promise<void> {
    try {
      const text = await this.#parts.vault.seal(kept.subject, { ...content, tries, failedAt: at })
      await this.#parts.sessions.replaceKept(request, kept.text, text)
    } catch (error) {
      this.#parts.fault('a failed refresh could not be noted in its session', error)
    }
  }

  /** Revokes tokens that belong to no session any more. */
  async discard({ tokens }: SealedTokens, connection: Connection): Promise<void> {
    const { client, fault } = this.#parts
    try {
      await revokeTokens(client, connection, tokens, client.scope(new AbortController().signal))
    } catch (error) {
      fault('the tokens of a session that ended could not be revoked', error)
    }
  }

  async #place(
    request: SessionRequest,
    { kept, content }: TokensInSession,
    text: string,
    tokens: SealedTokens,
  ): Promise<SealedTokens | 'ended' | 'elsewhere'> {
    const { sessions, vault } = this.#parts
    let seen = kept.text
    for (let turn = 0; turn < TURNS; turn++) {
      if (await sessions.replaceKept(request, seen, text)) return tokens
      const now = await sessions.readKept(request)
      if (now === undefined) return (await this.#isLive(kept)) ? 'elsewhere' : 'ended'
      if (now.isFixed) return 'elsewhere'
      const current = await vault.open(now)
      // They were taken out, or belong to a login at another server by now.
      if (current === undefined) return 'ended'
      if (!haveSameTokens(current.content, content)) return current.content
      seen = now.text
    }
    return 'elsewhere'
  }

  /** Whether a session goes on under a key that this request does not have. */
  async #isLive({ subject, handle }: KeptText): Promise<boolean> {
    return (await this.#parts.sessions.list(subject)).some((one) => one.handle === handle)
  }

  #keep({ kept, content }: TokensInSession, tokens: SealedTokens): void {
    this.#unwritten.set(kept.handle, { before: content, tokens })
  }
}
