import type { AuthenticationContext, Awaitable, FailureVerdict } from '../core/provider.ts'
import type { HeaderField } from '../core/request.ts'
import { factsOf } from './authentication.ts'
import { SessionBook } from './book.ts'
import { Calls, ofApplication } from './calls.ts'
import { SessionUnavailable } from './errors.ts'
import { LiveSessions } from './live.ts'
import { Login, loginTags, mustBeKept, mustBeSubject, mustBeTime } from './login.ts'
import { type SessionsOptions, type Settings, settingsOf } from './options.ts'
import { SessionReader } from './reader.ts'
import { Restorer } from './restorer.ts'
import { Rotation, rotatedAway } from './rotation.ts'
import { SubjectSessions } from './subject-sessions.ts'
import { TextKeeper } from './text-keeper.ts'
import { TOMBSTONE_SECONDS } from './tombstone.ts'
import type {
  CallOptions,
  Errand,
  KeptText,
  LoginOptions,
  LoginResult,
  RotateOptions,
  Session,
  SessionChange,
  SessionFound,
  SessionRequest,
  Sessions,
  SubjectExport,
} from './types.ts'

const unchanged: readonly HeaderField[] = Object.freeze([])
const clearCache: HeaderField = Object.freeze(['Clear-Site-Data', '"cache"'] as const)

/**
 * Makes stored sessions: the cookie holds a random key of which the store has only a hash, and everything else is kept, and
 * can be ended, on the server.
 *
 * @example
 * import { memorySessionStore } from 'becauth/memory'
 * import { session, sessions } from 'becauth/session'
 * import { z } from 'zod'
 *
 * export const stored = sessions({
 *   store: memorySessionStore(),
 *   schema: z.object({ name: z.string(), theme: z.enum(['light', 'dark']) }),
 * })
 * export const visitor = session({ sessions: stored })
 *
 * @throws TypeError when an option cannot be used.
 * @see OWASP Session Management Cheat Sheet; RFC 6265bis
 */
export function sessions<D>(options: SessionsOptions<D>): Sessions<D> {
  return new StoredSessions(settingsOf(options))
}

class StoredSessions<D> implements Sessions<D> {
  readonly header: string
  readonly errand: Errand | undefined
  readonly #settings: Settings<D>
  readonly #book: SessionBook<D>
  readonly #restorer: Restorer<D> | undefined
  readonly #reader: SessionReader<D>
  readonly #subjects: SubjectSessions<D>
  readonly #calls: Calls
  readonly #live: LiveSessions<D>
  readonly #texts: TextKeeper<D>

  constructor(settings: Settings<D>) {
    this.header = settings.transport.header
    this.errand = settings.errand
    this.#settings = settings
    this.#book = new SessionBook(settings)
    this.#restorer = settings.remember === undefined ? undefined : new Restorer(this.#book, settings.remember)
    this.#reader = new SessionReader(this.#book, this.#restorer)
    this.#calls = new Calls(settings.clock, settings.timeoutSeconds)
    this.#live = new LiveSessions(this.#book, this.#calls)
    this.#texts = new TextKeeper(this.#book, this.#live)
    this.#subjects = new SubjectSessions(this.#book, this.#calls)
  }

  readonly onChange = (forget: (native: object) => void): void => this.#book.onChange(forget)

  read(context: AuthenticationContext): Awaitable<SessionFound<Session<D>> | FailureVerdict> {
    return this.#reader.read(context)
  }

  async login(request: SessionRequest, data: D, options: LoginOptions): Promise<LoginResult<D>> {
    mustBeSubject(options?.subject)
    mustBeTime(options.begunAt)
    mustBeKept(options.kept)
    if (options.remember === true && this.#restorer === undefined) {
      throw new TypeError('sessions(): login() with "remember" needs the option "remember"')
    }
    const packed = await this.#book.codec.pack(data)
    const tags = await loginTags(options.tags)
    const facts = factsOf(options.authentication, this.#settings.clock(), 'sessions()')
    const keys = await this.#live.keys(request)
    const result = await this.#calls.run(request.signal, (context) =>
      new Login(this.#book, this.#restorer, context).run(request, keys, { ...options, packed, tags, facts }),
    )
    if (result.kind === 'logged-in') request.respond?.(result.headers)
    return result
  }

  async logout(request: SessionRequest): Promise<{ readonly headers: readonly HeaderField[] }> {
    const keys = await this.#live.keys(request)
    try {
      const browser = await this.#calls.run(request.signal, async (context) => {
        const deletions = (await this.#restorer?.forget(request, context)) ?? unchanged
        const until = Math.floor(context.now()) + TOMBSTONE_SECONDS
        for (const key of keys) await this.#settings.store.delete(key, until, context)
        return deletions
      })
      this.#book.change(request.native, 'none')
      const { transport, secure } = this.#settings
      const headers = [...transport.deletion, ...browser, ...(secure ? [clearCache] : [])]
      request.respond?.(headers)
      return { headers }
    } catch (cause) {
      throw new SessionUnavailable(
        'the session may still live: the store could not end it',
        { code: 'session-may-live', cause },
        'You may still be logged in. Please try again.',
      )
    }
  }

  async rotate(request: SessionRequest, options: RotateOptions): Promise<SessionChange<D> | undefined> {
    const rotation = await Rotation.of(this.#book, options)
    const change = await this.#live.on(request, (key, opened, context) => rotation.run(request, key, opened, context))
    if (change === undefined || change === 'logged-out') return undefined
    request.respond?.(change.headers)
    return change
  }

  async touch(request: SessionRequest): Promise<Session<D> | undefined> {
    const { store, touchEverySeconds } = this.#settings
    return this.#live.on(request, async (key, { session, stored }, context) => {
      const { renewedAt, expiresAt } = this.#book.renewed(stored.createdAt, context.now())
      if (stored.rotated || context.now() < stored.renewedAt + touchEverySeconds) return session
      if (!(await store.touch(key, stored.renewedAt, renewedAt, expiresAt, context))) return session
      const renewed = { ...session, renewedAt, expiresAt }
      this.#book.change(request.native, { key, session: renewed })
      return renewed
    })
  }

  async update(
    request: SessionRequest,
    change: Partial<D> | ((data: D) => Awaitable<D>),
  ): Promise<SessionChange<D> | undefined> {
    return this.#live.on(request, async (key, opened, context) => {
      const { session, stored, envelope } = opened
      if (stored.rotated) throw rotatedAway()
      const { codec } = this.#book
      const packed = await ofApplication(async () => codec.pack(await changed(session.data, change)))
      const content = await ofApplication(() => codec.content(packed, envelope, stored.tags))
      if (sameOctets(content.payload, stored.payload)) return { headers: unchanged, session }
      if (!(await this.#settings.store.replace(key, stored.version, content, context))) return 'again'
      const next = { ...session, data: packed.data }
      this.#book.change(request.native, { key, session: next })
      return { headers: unchanged, session: next }
    })
  }

  async current(request: SessionRequest): Promise<Session<D> | undefined> {
    const known = this.#book.current(request.native)
    if (known !== undefined) return known === 'none' ? undefined : known.session
    return this.#live.on(request, async (key, { session }) => {
      this.#book.note(request.native, { key, session })
      return session
    })
  }

  readKept(request: SessionRequest): Promise<KeptText | undefined> {
    return this.#texts.read(request)
  }

  async replaceKept(request: SessionRequest, seen: string, text: string): Promise<boolean> {
    mustBeKept(text)
    return this.#texts.replace(request, seen, text)
  }

  endKept(request: SessionRequest, seen: string): Promise<boolean> {
    return this.#texts.end(request, seen)
  }

  list(subject: string, options?: CallOptions): Promise<readonly Session<D | undefined>[]> {
    return this.#subjects.list(subject, options)
  }

  revoke(subject: string, handle: string, options?: CallOptions): Promise<boolean> {
    return this.#subjects.revoke(subject, handle, options)
  }

  revokeAll(subject: string, options?: CallOptions & { readonly except?: string | undefined }): Promise<number> {
    return this.#subjects.revokeAll(subject, options)
  }

  revokeTagged(tag: string, options?: CallOptions & { readonly holdLogins?: boolean | undefined }): Promise<number> {
    return this.#subjects.revokeTagged(tag, options)
  }

  exportSubject(subject: string, options?: CallOptions): Promise<SubjectExport> {
    return this.#subjects.export(subject, options)
  }

  eraseSubject(subject: string, options?: CallOptions): Promise<number> {
    return this.#subjects.revokeAll(subject, options)
  }

  sweep(options?: CallOptions): Promise<number> {
    return this.#subjects.sweep(options)
  }
}

async function changed<D>(data: D, change: Partial<D> | ((data: D) => Awaitable<D>)): Promise<D> {
  return isFunction(change) ? change(data) : Object.assign({}, data, change)
}

function isFunction<D>(change: Partial<D> | ((data: D) => Awaitable<D>)): change is (data: D) => Awaitable<D> {
  return typeof change === 'function'
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, index) => octet === b[index])
}
