import { AuthenticationError, invalidCredentials } from '../core/cause.ts'
import type { AuthenticationContext, Awaitable, FailureVerdict } from '../core/provider.ts'
import type { HeaderField } from '../core/request.ts'
import type { StoreContext } from '../core/session-store.ts'
import { claimsOf, unauthenticated } from './authentication.ts'
import { asked, type SessionBook } from './book.ts'
import { newHandle, newSessionValue, type RandomSource } from './key.ts'
import type { RememberSettings } from './options.ts'
import {
  isRememberText,
  newRememberText,
  openSuccessor,
  type RememberToken,
  rememberToken,
  type Successor,
  sealSuccessor,
} from './remember-token.ts'
import { TOMBSTONE_SECONDS } from './tombstone.ts'
import type { Session, SessionFound, SessionRequest } from './types.ts'

type Restored<D> = SessionFound<Session<D>> | FailureVerdict

/** A family of tokens, and the field that sets the cookie of its first. */
export interface BegunFamily {
  readonly family: string
  readonly field: HeaderField
}

const GRACE_SECONDS = 30

const malformed = invalidCredentials('malformed-credential', { discardable: true })
const unknown = invalidCredentials('unknown', { discardable: true })
const revoked = invalidCredentials('revoked', { discardable: true })
const tooMany = invalidCredentials('x-too-many-sessions')
const stolen = invalidCredentials('replayed', {
  discardable: true,
  detail: 'an old remember-me token came again; its family and its sessions were ended',
})

/** Remembers browsers, and starts sessions for those that come back without one. */
export class Restorer<D> {
  readonly #book: SessionBook<D>
  readonly #settings: RememberSettings<D>

  constructor(book: SessionBook<D>, settings: RememberSettings<D>) {
    this.#book = book
    this.#settings = settings
  }

  /** Begins a family. */
  async begin(subject: string, random: RandomSource, context: StoreContext): Promise<BegunFamily> {
    const { store, ttlSeconds } = this.#settings
    const { text, family, tokenHash } = await this.#tokenOf(newRememberText(random))
    const createdAt = Math.floor(context.now())
    await store.create(family, { subject, tokenHash, createdAt, expiresAt: createdAt + ttlSeconds }, context)
    return { family, field: this.#write(text) }
  }

  /** Forgets the browser that sends this request, and answers the fields that delete its cookie. */
  async forget(request: SessionRequest, context: StoreContext): Promise<readonly HeaderField[]> {
    const { store, transport } = this.#settings
    const texts = transport.read(request)
    for (const text of new Set(texts.filter(isRememberText))) {
      const { family } = await this.#tokenOf(text)
      await store.deleteFamily(family, context)
    }
    return texts.length === 0 ? [] : transport.deletion
  }

  /** Answers `verdict` for a browser that is not remembered, else a new session. */
  restore(verdict: FailureVerdict, context: AuthenticationContext): Awaitable<Restored<D>> {
    const texts = this.#settings.transport.read(context.request)
    const text = texts[0]
    if (text === undefined || texts.length > 1) return verdict
    if (!isRememberText(text)) return this.#refused(malformed)
    return this.#exchange(text, context)
  }

  async #exchange(text: string, context: AuthenticationContext): Promise<Restored<D>> {
    const { store, ttlSeconds } = this.#settings
    const random: RandomSource = (bytes) => context.random(bytes)
    const shown = await this.#tokenOf(text)
    const own: Successor = {
      token: newRememberText(random, text),
      session: newSessionValue(random),
      handle: newHandle(random),
    }
    const next = {
      tokenHash: (await this.#tokenOf(own.token)).tokenHash,
      sealed: await sealSuccessor(own, shown, random),
      graceUntil: Math.floor(context.now()) + GRACE_SECONDS,
      expiresAt: Math.floor(context.now()) + ttlSeconds,
    }
    const exchanged = await asked(() => store.exchange(shown.family, shown.tokenHash, next, context))
    if (exchanged === undefined) return this.#refused(unknown)
    if (exchanged.kind === 'stolen') return this.#stolen(shown, exchanged.subject, context)
    if (exchanged.kind === 'exchanged') return this.#start(own, shown, exchanged.subject, context)
    const theirs = await openSuccessor(exchanged.sealed, shown)
    if (theirs !== undefined) return this.#start(theirs, shown, exchanged.subject, context)
    throw new AuthenticationError('a stored remember-me successor cannot be opened', { code: 'invalid-successor' })
  }

  async #stolen({ family }: RememberToken, subject: string, context: AuthenticationContext): Promise<FailureVerdict> {
    await asked(() => this.#book.settings.store.deleteByTag(family, context))
    try {
      await this.#settings.onTheft?.(subject, context)
    } catch (thrown) {
      context.fault('"remember.onTheft" threw', thrown)
    }
    return this.#refused(stolen)
  }

  /** Every tab of a browser that shows the same token comes here with the same successor: one of them creates. */
  async #start(
    next: Successor,
    { family }: RememberToken,
    subject: string,
    context: AuthenticationContext,
  ): Promise<Restored<D>> {
    const { settings, codec } = this.#book
    const data = await this.#settings.restore(subject, context)
    if (data === null) {
      await asked(() => this.#settings.store.deleteFamily(family, context))
      await asked(() => settings.store.deleteByTag(family, context))
      return this.#refused(revoked)
    }
    const key = await this.#book.keyOf(next.session)
    const now = context.now()
    const content = codec.content(await codec.pack(data), { ...unauthenticated, family, kept: undefined }, [family])
    const record = { ...content, ...this.#book.renewed(Math.floor(now), now) }
    const owner = { subject, handle: next.handle, ...settings.maxConcurrent }
    const created = await asked(() => settings.store.create(key, record, owner, context))
    if (created === 'limit') return { cause: tooMany, always: [this.#write(next.token)] }
    if (!(await this.#isRemembered(family, subject, context))) {
      const until = Math.floor(context.now()) + TOMBSTONE_SECONDS
      await asked(() => settings.store.delete(key, until, context))
      return { cause: revoked }
    }
    const opened = await this.#book.open(await asked(() => settings.store.read(key, context)), context.now())
    // It ended between two tabs: nothing is set, so that a late one does not erase what came after.
    if (typeof opened !== 'object') return { cause: revoked }
    this.#book.note(context.request.native, { key, session: opened.session })
    const always = [settings.transport.write(next.session, settings.maxAge), this.#write(next.token)]
    return { session: opened.session, claims: claimsOf(opened.session), always }
  }

  /**
   * Whether the family is still there. What ends it forgets families first and ends sessions then, so that one asked for
   * after its session was made is either gone, or whoever ends it finds that session.
   */
  async #isRemembered(family: string, subject: string, context: AuthenticationContext): Promise<boolean> {
    const browsers = await asked(() => this.#settings.store.listBySubject(subject, context))
    return browsers.some((browser) => browser.family === family)
  }

  /** The browser's session is over as well, or it would not have come to this. */
  #refused(cause: FailureVerdict['cause']): FailureVerdict {
    return { cause, always: [...this.#book.settings.transport.deletion, ...this.#settings.transport.deletion] }
  }

  #tokenOf(text: string): Awaitable<RememberToken> {
    return rememberToken(text, this.#settings.transport.name)
  }

  #write(text: string): HeaderField {
    return this.#settings.transport.write(text, this.#settings.ttlSeconds)
  }
}
