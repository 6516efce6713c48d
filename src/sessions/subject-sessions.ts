import type { StoreContext, StoredSession } from '../core/session-store.ts'
import { unauthenticated } from './authentication.ts'
import { type SessionBook, sessionOf } from './book.ts'
import type { Calls } from './calls.ts'
import { type Envelope, openEnvelope } from './data.ts'
import { mustBeSubject, tagHash } from './login.ts'
import type { CallOptions, Session, SubjectExport } from './types.ts'

const SWEEP = 500

/** What is done to the sessions of a person, whatever request asks for it. */
export class SubjectSessions<D> {
  readonly #book: SessionBook<D>
  readonly #calls: Calls

  constructor(book: SessionBook<D>, calls: Calls) {
    this.#book = book
    this.#calls = calls
  }

  async list(subject: string, options: CallOptions = {}): Promise<readonly Session<D | undefined>[]> {
    const found = await this.#found(subject, options)
    const listed = await Promise.all(found.map((stored) => this.#shown(stored)))
    return listed.sort((a, b) => b.createdAt - a.createdAt)
  }

  async revoke(subject: string, handle: string, options: CallOptions = {}): Promise<boolean> {
    mustBeSubject(subject)
    const { store, remember } = this.#book.settings
    return this.#calls.run(options.signal, async (context) => {
      if (remember !== undefined) {
        const found = await store.listBySubject(subject, context)
        await this.#forget(
          found.filter((stored) => stored.handle === handle),
          context,
        )
      }
      return store.deleteByHandle(subject, handle, context)
    })
  }

  async revokeAll(
    subject: string,
    { signal, except }: CallOptions & { readonly except?: string | undefined } = {},
  ): Promise<number> {
    mustBeSubject(subject)
    const { store, remember } = this.#book.settings
    return this.#calls.run(signal, async (context) => {
      // First, so that no browser starts a new session in between.
      await remember?.store.deleteBySubject(subject, context)
      return store.deleteBySubject(subject, { except }, context)
    })
  }

  async revokeTagged(
    tag: string,
    options: CallOptions & { readonly holdLogins?: boolean | undefined } = {},
  ): Promise<number> {
    const { store, remember } = this.#book.settings
    const hash = await tagHash(tag)
    return this.#calls.run(options.signal, async (context) => {
      const held = options.holdLogins === true ? await settled(this.#book.holds.put(hash, context)) : undefined
      if (remember !== undefined) await this.#forget(await store.listByTag(hash, context), context)
      const count = await store.deleteByTag(hash, context)
      // A store that has no room for a note can still end sessions.
      if (held !== undefined) throw held.thrown
      return count
    })
  }

  async export(subject: string, options: CallOptions = {}): Promise<SubjectExport> {
    const { remember } = this.#book.settings
    const found = await this.#found(subject, options)
    const browsers = await this.#calls.run(
      options.signal,
      async (context) => (await remember?.store.listBySubject(subject, context)) ?? [],
    )
    return {
      subject,
      sessions: found.map((stored) => {
        const { handle, createdAt, renewedAt, expiresAt } = stored
        const {
          authenticatedAt = null,
          acr = null,
          amr = [],
          dataVersion = null,
          data = null,
        } = envelopeOf(stored) ?? {}
        return { handle, createdAt, renewedAt, expiresAt, authenticatedAt, acr, amr, dataVersion, data }
      }),
      rememberedBrowsers: browsers.map(({ createdAt, expiresAt }) => ({ createdAt, expiresAt })),
    }
  }

  async sweep({ signal }: CallOptions = {}): Promise<number> {
    const { store, remember } = this.#book.settings
    let swept = 0
    for (const each of remember === undefined ? [store] : [store, remember.store]) {
      for (let last = SWEEP; last >= SWEEP; swept += last) {
        last = await this.#calls.run(signal, async (context) => each.sweep(SWEEP, context))
      }
    }
    return swept
  }

  async #found(subject: string, { signal }: CallOptions): Promise<readonly StoredSession[]> {
    mustBeSubject(subject)
    return this.#calls.run(signal, async (context) => {
      const found = await this.#book.settings.store.listBySubject(subject, context)
      return found.filter((stored) => !this.#book.isOver(stored, context.now()))
    })
  }

  /** One that cannot be understood is shown as well: its owner may want to end it. */
  async #shown(stored: StoredSession): Promise<Session<D | undefined>> {
    const envelope = envelopeOf(stored)
    const { expiresAt } = stored
    if (envelope === undefined) return sessionOf(stored, nothing, undefined, expiresAt)
    try {
      const unpacked = await this.#book.codec.unpack(envelope)
      return sessionOf(stored, envelope, unpacked?.data, expiresAt)
    } catch {
      // Newer than this process, or nothing can migrate it now: there, with data that nobody here can read.
      return sessionOf(stored, envelope, undefined, expiresAt)
    }
  }

  /** Forgets the browsers of sessions, so that they do not come back by themselves. */
  async #forget(found: readonly StoredSession[], context: StoreContext): Promise<void> {
    for (const stored of found) {
      const family = envelopeOf(stored)?.family
      if (family !== undefined) await this.#book.settings.remember?.store.deleteFamily(family, context)
    }
  }
}

const nothing: Envelope = { ...unauthenticated, dataVersion: 0, family: undefined, kept: undefined, data: undefined }

/** What was thrown, for later. */
async function settled(done: Promise<void>): Promise<{ readonly thrown: unknown } | undefined> {
  try {
    await done
    return undefined
  } catch (thrown) {
    return { thrown }
  }
}

function envelopeOf(stored: StoredSession): Envelope | undefined {
  try {
    return openEnvelope(stored)
  } catch {
    // Written by a newer becauth.
    return undefined
  }
}
