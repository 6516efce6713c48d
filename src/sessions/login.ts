import type { HeaderField } from '../core/request.ts'
import type { SessionReading, SessionRecord, StoreContext } from '../core/session-store.ts'
import { isWellFormed } from '../wire/text.ts'
import type { AuthenticationFacts } from './authentication.ts'
import type { SessionBook } from './book.ts'
import { ofApplication } from './calls.ts'
import type { Packed } from './data.ts'
import { hashOf, newHandle, newSessionValue } from './key.ts'
import type { Restorer } from './restorer.ts'
import { TOMBSTONE_SECONDS } from './tombstone.ts'
import type { LoginOptions, LoginResult, Session, SessionRequest } from './types.ts'

/** What a login is given, made ready. */
export interface PreparedLogin<D> extends Pick<LoginOptions, 'subject' | 'remember' | 'begunAt' | 'kept'> {
  readonly packed: Packed<D>
  readonly tags: readonly string[]
  readonly facts: AuthenticationFacts
}

/** A session as it was written. */
interface Written {
  readonly value: string
  readonly key: string
  readonly handle: string
}

const none: readonly never[] = Object.freeze([])
const tooMany = Object.freeze({ kind: 'refused', reason: 'too-many-sessions', headers: none } as const)
const loggedOut = Object.freeze({ kind: 'refused', reason: 'logged-out', headers: none } as const)

/** One login: a new key in any case, and an end to whatever session the browser came with. */
export class Login<D> {
  readonly #book: SessionBook<D>
  readonly #restorer: Restorer<D> | undefined
  readonly #context: StoreContext

  constructor(book: SessionBook<D>, restorer: Restorer<D> | undefined, context: StoreContext) {
    this.#book = book
    this.#restorer = restorer
    this.#context = context
  }

  async run(request: SessionRequest, keys: readonly string[], login: PreparedLogin<D>): Promise<LoginResult<D>> {
    const { random, transport, maxAge } = this.#book.settings
    const begun =
      login.remember === true ? await this.#restorer?.begin(login.subject, random, this.#context) : undefined
    const record = await ofApplication(() => this.#record(login, begun?.family))
    const own = await this.#own(keys, login.subject)
    const rotated = own === undefined ? undefined : await this.#rotate(own, record)
    const written = rotated ?? (await this.#create(record, login.subject))
    if (written === undefined) {
      await this.#forgetFamily(begun?.family)
      return tooMany
    }
    await this.#endOthers(keys, written.key)
    if (await this.#isHeld(login, written.key)) {
      await this.#forgetFamily(begun?.family)
      await this.#delete(written.key)
      this.#book.change(request.native, 'none')
      return loggedOut
    }
    // Whoever was remembered in this browser before is not the one who logged in now, or gets a cookie of today.
    const forgotten = (await this.#restorer?.forget(request, this.#context)) ?? []
    const headers: HeaderField[] = [transport.write(written.value, maxAge)]
    headers.push(...(begun === undefined ? forgotten : [begun.field]))
    const session = this.#session(login, record, written.handle)
    this.#book.change(request.native, { key: written.key, session })
    return { kind: 'logged-in', headers, session }
  }

  #record({ packed, tags, facts, kept }: PreparedLogin<D>, family: string | undefined): SessionRecord {
    const now = this.#context.now()
    return {
      ...this.#book.codec.content(packed, { ...facts, family, kept }, family === undefined ? tags : [...tags, family]),
      ...this.#book.renewed(Math.floor(now), now),
    }
  }

  /** The key of a live session of the same person, whose place in the list the new one takes. */
  async #own(keys: readonly string[], subject: string): Promise<string | undefined> {
    for (const key of keys) if (isOf(await this.#read(key), subject, this.#context.now())) return key
    return undefined
  }

  async #rotate(key: string, record: SessionRecord): Promise<Written | undefined> {
    const { store, random } = this.#book.settings
    for (let reading = await this.#read(key); typeof reading === 'object'; reading = await this.#read(key)) {
      // Nobody is there any more to take the cookie of another session.
      this.#context.signal.throwIfAborted()
      if (reading.rotated) return undefined
      const value = newSessionValue(random, key.slice(0, key.indexOf('.')))
      const next = await this.#book.keyOf(value)
      const now = Math.floor(this.#context.now())
      const end = { graceUntil: now, tombstoneUntil: now + TOMBSTONE_SECONDS }
      if (await store.rotate(key, reading.version, next, record, end, this.#context)) {
        return { value, key: next, handle: reading.handle }
      }
      if (this.#context.now() >= reading.expiresAt) return undefined
    }
    return undefined
  }

  async #create(record: SessionRecord, subject: string): Promise<Written | undefined> {
    const { store, random, maxConcurrent } = this.#book.settings
    const value = newSessionValue(random)
    const [key, handle] = [await this.#book.keyOf(value), newHandle(random)]
    const created = await store.create(key, record, { subject, handle, ...maxConcurrent }, this.#context)
    if (created === 'limit') return undefined
    if (created === 'created') return { value, key, handle }
    throw new Error('a random key exists already')
  }

  /** A login that cannot end what the browser came with has not happened: somebody may have planted it. */
  async #endOthers(keys: readonly string[], written: string): Promise<void> {
    try {
      for (const key of keys) await this.#delete(key)
    } catch (thrown) {
      await this.#delete(written)
      throw thrown
    }
  }

  /** Whether somebody was logged out while logging in. One that nobody can tell has not happened, like the above. */
  async #isHeld({ tags, begunAt }: PreparedLogin<D>, written: string): Promise<boolean> {
    if (begunAt === undefined) return false
    try {
      return await this.#book.holds.areHeld(tags, begunAt, this.#context)
    } catch (thrown) {
      await this.#delete(written)
      throw thrown
    }
  }

  async #delete(key: string): Promise<void> {
    const until = Math.floor(this.#context.now()) + TOMBSTONE_SECONDS
    await this.#book.settings.store.delete(key, until, this.#context)
  }

  async #forgetFamily(family: string | undefined): Promise<void> {
    if (family !== undefined) await this.#book.settings.remember?.store.deleteFamily(family, this.#context)
  }

  #session(
    { subject, packed, facts }: PreparedLogin<D>,
    { createdAt, renewedAt, expiresAt }: SessionRecord,
    handle: string,
  ): Session<D> {
    return { data: packed.data, subject, handle, createdAt, renewedAt, expiresAt, ...facts }
  }

  async #read(key: string): Promise<SessionReading> {
    return this.#book.settings.store.read(key, this.#context)
  }
}

function isOf(reading: SessionReading, subject: string, now: number): boolean {
  return typeof reading === 'object' && !reading.rotated && reading.subject === subject && reading.expiresAt > now
}

/** @throws TypeError when stores could not keep a subject as it is. */
export function mustBeSubject(subject: unknown): asserts subject is string {
  const fits = typeof subject === 'string' && subject !== '' && subject.length <= 255
  if (!fits || !isWellFormed(subject) || subject.includes('\0')) {
    throw new TypeError('sessions(): "subject" must be 1 to 255 characters without lone surrogates or U+0000')
  }
}

/** @throws TypeError when it is no time. */
export function mustBeTime(begunAt: unknown): asserts begunAt is number | undefined {
  if (begunAt !== undefined && !(Number.isFinite(begunAt) && Number(begunAt) >= 0)) {
    throw new TypeError('sessions(): "begunAt" must be seconds since 1970')
  }
}

/** @throws TypeError when it is neither a text nor left out. */
export function mustBeKept(kept: unknown): asserts kept is string | undefined {
  if (kept !== undefined && (typeof kept !== 'string' || !isWellFormed(kept))) {
    throw new TypeError('sessions(): "kept" must be a text without lone surrogates')
  }
}

/** @throws TypeError (rejects) when there are more than three tags or one is not a text. */
export async function loginTags(tags: readonly string[] = []): Promise<readonly string[]> {
  if (!Array.isArray(tags) || tags.length > 3 || tags.some((tag) => typeof tag !== 'string')) {
    throw new TypeError('sessions(): "tags" must be a list of at most three texts')
  }
  return Promise.all([...new Set(tags)].map(tagHash))
}

/** The hash by which a tag is found. Families of remembered browsers are hashes of something else. */
export async function tagHash(tag: string): Promise<string> {
  return hashOf(`tag ${tag}`)
}
