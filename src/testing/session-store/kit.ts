import type {
  RememberStore,
  RotationEnd,
  SessionOwner,
  SessionReading,
  SessionRecord,
  SessionStore,
  StoreContext,
  StoredSession,
} from '../../core/session-store.ts'

/** A store under test. */
export interface StoreSubject<S> {
  /** Cases leave behind what they made; they neither need an empty store nor harm one another's sessions. */
  readonly store: S
  /**
   * Opens the same data once more, as another process or a restart does. Leave it out where there is no such thing, as in
   * the memory of one process.
   */
  readonly reopen?: (() => Promise<S>) | undefined
}

/** One behaviour that every store must have. Run them one after another. */
export interface StoreCase<S> {
  readonly title: string
  /** Rejects with a sentence when the store does not have it. */
  run(subject: StoreSubject<S>): Promise<void>
}

/** A `SessionStore` under test. */
export type SessionStoreSubject = StoreSubject<SessionStore>
/** A `RememberStore` under test. */
export type RememberStoreSubject = StoreSubject<RememberStore>

/** A clock that stands still until it is moved, and names that nobody else uses. */
export class Kit implements StoreContext {
  readonly signal: AbortSignal = new AbortController().signal
  /** A whole second: the time at which the case begins. */
  readonly start: number = Math.floor(Date.now() / 1000)
  /** Not a whole second, so that nobody rounds. */
  #now = this.start + 0.25

  now(): number {
    return this.#now
  }

  pass(seconds: number): void {
    this.#now += seconds
  }

  subject(): string {
    return `subject ${random(22)}`
  }

  handle(): string {
    return random(22)
  }

  hash(): string {
    return random(43)
  }

  key(tag: string = random(11)): string {
    return `${tag}.${random(43)}`
  }

  owner(subject: string = this.subject(), more: Partial<SessionOwner> = {}): SessionOwner {
    return { subject, handle: this.handle(), ...more }
  }

  /** A session that lives 1,000 seconds from now on. */
  record(more: Partial<SessionRecord> = {}): SessionRecord {
    const now = Math.floor(this.#now)
    const payload = bytes(random(12))
    return { format: 1, payload, tags: [], createdAt: now, renewedAt: now, expiresAt: now + 1000, ...more }
  }

  end(graceSeconds: number): RotationEnd {
    const graceUntil = Math.floor(this.#now) + graceSeconds
    return { graceUntil, tombstoneUntil: graceUntil + 300 }
  }
}

/** What the cases of sessions do again and again. */
export class SessionKit extends Kit {
  readonly store: SessionStore

  constructor(store: SessionStore) {
    super()
    this.store = store
  }

  /** Makes a session and answers its key. */
  async create(owner: SessionOwner = this.owner(), record: SessionRecord = this.record()): Promise<string> {
    const key = this.key()
    equal(await this.store.create(key, record, owner, this), 'created', 'the answer of create()')
    return key
  }

  async read(key: string): Promise<SessionReading> {
    return this.store.read(key, this)
  }

  /** Reads a session that must be there. */
  async session(key: string): Promise<StoredSession> {
    const reading = await this.read(key)
    if (typeof reading === 'object') return reading
    throw new Error(`a session must be read, not ${String(reading)}`)
  }

  /** Rotates to a new key of the same tag and answers it. */
  async rotate(key: string, graceSeconds: number, record: SessionRecord = this.record()): Promise<string> {
    const { version } = await this.session(key)
    const next = this.key(key.slice(0, 11))
    const rotated = await this.store.rotate(key, version, next, record, this.end(graceSeconds), this)
    equal(rotated, true, 'the answer of rotate()')
    return next
  }

  async logout(key: string): Promise<boolean> {
    return this.store.delete(key, Math.floor(this.now()) + 300, this)
  }

  async handles(subject: string): Promise<readonly string[]> {
    return (await this.store.listBySubject(subject, this)).map(({ handle }) => handle)
  }
}

export function sessionCase(title: string, run: (kit: SessionKit) => Promise<void>): StoreCase<SessionStore> {
  return { title, run: ({ store }) => run(new SessionKit(store)) }
}

/** Random characters of base64url, without modulo bias: there are 64 of them. */
function random(length: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => alphabet.charAt(byte & 63)).join('')
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what} must be ${shown(expected)}, not ${shown(actual)}`)
}

/** Equal as lists, whatever the order. */
export function sameMembers(actual: readonly string[], expected: readonly string[], what: string): void {
  equal([...actual].sort().join(' '), [...expected].sort().join(' '), what)
}

export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (!(actual instanceof Uint8Array)) throw new Error(`${what} must be a Uint8Array`)
  equal(actual.length, expected.length, `the length of ${what}`)
  expected.forEach((byte, index) => {
    if (actual[index] !== byte) throw new Error(`octet ${index} of ${what} must be ${byte}, not ${actual[index]}`)
  })
}

/** Everything that a record says, and whose it is. */
export function sameSession(actual: SessionReading, record: SessionRecord, owner: SessionOwner): void {
  if (typeof actual !== 'object') throw new Error(`a session must be read, not ${String(actual)}`)
  equal(actual.format, record.format, 'the format')
  sameBytes(actual.payload, record.payload, 'the payload')
  sameMembers(actual.tags, record.tags, 'the tags')
  equal(actual.createdAt, record.createdAt, 'createdAt')
  equal(actual.renewedAt, record.renewedAt, 'renewedAt')
  equal(actual.expiresAt, record.expiresAt, 'expiresAt')
  equal(actual.subject, owner.subject, 'the subject')
  equal(actual.handle, owner.handle, 'the handle')
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : (JSON.stringify(value) ?? String(value))
}
