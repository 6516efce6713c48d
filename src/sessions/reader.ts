import { type InvalidCredentials, invalidCredentials } from '../core/cause.ts'
import type { AuthenticationContext, Awaitable, FailureVerdict } from '../core/provider.ts'
import type { KnownReason } from '../core/reasons.ts'
import type { SessionReading, SessionStore } from '../core/session-store.ts'
import { absent, isThenable } from '../core/validate.ts'
import { claimsOf } from './authentication.ts'
import type { NotOpened, Opened, SessionBook } from './book.ts'
import { unavailable } from './errors.ts'
import { isSessionValue } from './key.ts'
import type { Restorer } from './restorer.ts'
import type { Session, SessionFound } from './types.ts'

type Reading<D> = SessionFound<Session<D>> | FailureVerdict

/** Finds the session of a request for the provider: the hot path, in one tick when the store answers at once. */
export class SessionReader<D> {
  readonly #book: SessionBook<D>
  readonly #restorer: Restorer<D> | undefined
  readonly #twice: FailureVerdict
  readonly #malformed: FailureVerdict
  readonly #dead: Readonly<Record<NotOpened, FailureVerdict>>

  constructor(book: SessionBook<D>, restorer: Restorer<D> | undefined) {
    const { deletion, ambient } = book.settings.transport
    const dead = (reason: KnownReason, always = deletion): FailureVerdict => ({ cause: old(reason, ambient), always })
    this.#book = book
    this.#restorer = restorer
    this.#twice = { cause: invalidCredentials('malformed-credential', { detail: 'the session came twice' }) }
    this.#malformed = dead('malformed-credential')
    this.#dead = {
      unknown: dead('unknown'),
      // A late request must not erase the cookie that came after: rule 17.
      revoked: dead('revoked', []),
      expired: dead('expired'),
      misfit: dead('malformed-credential'),
      outdated: dead('expired'),
    }
  }

  read(context: AuthenticationContext): Awaitable<Reading<D>> {
    const { request } = context
    const known = this.#book.current(request.native)
    if (known !== undefined) return known === 'none' ? absent : found(known.session)
    const texts = this.#book.settings.transport.read(request)
    const text = texts[0]
    if (text === undefined) return this.#without(absent, context)
    if (texts.length > 1) return this.#twice
    if (!isSessionValue(text)) return this.#without(this.#malformed, context)
    const key = this.#book.keyOf(text)
    return isThenable(key) ? key.then((hashed) => this.#lookUp(hashed, context)) : this.#lookUp(key, context)
  }

  #lookUp(key: string, context: AuthenticationContext): Awaitable<Reading<D>> {
    const reading = asked(this.#book.settings.store, key, context)
    if (isThenable(reading)) return reading.then((settled) => this.#judge(key, settled, context))
    return this.#judge(key, reading, context)
  }

  #judge(key: string, reading: SessionReading, context: AuthenticationContext): Awaitable<Reading<D>> {
    const now = context.now()
    const opened = this.#book.open(reading, now)
    if (isThenable(opened)) return opened.then((settled) => this.#decide(key, settled, now, context))
    return this.#decide(key, opened, now, context)
  }

  #decide(
    key: string,
    opened: Opened<D> | NotOpened,
    now: number,
    context: AuthenticationContext,
  ): Awaitable<Reading<D>> {
    if (typeof opened === 'object') return this.#live(key, opened, now, context)
    if (opened === 'misfit') context.fault('the data of a session did not fit its schema; the session is over')
    return opened === 'revoked' ? this.#dead.revoked : this.#without(this.#dead[opened], context)
  }

  /** Renews a session once per interval. That it could not be renewed does not make it less valid now. */
  #live(key: string, opened: Opened<D>, now: number, context: AuthenticationContext): Awaitable<Reading<D>> {
    const { session, stored } = opened
    if (stored.rotated || now < stored.renewedAt + this.#book.settings.touchEverySeconds) {
      return this.#found(key, session, context)
    }
    return this.#renew(key, opened, now, context)
  }

  #renew(
    key: string,
    { session, stored }: Opened<D>,
    now: number,
    context: AuthenticationContext,
  ): Awaitable<Reading<D>> {
    const { renewedAt, expiresAt } = this.#book.renewed(stored.createdAt, now)
    const failed = (thrown: unknown): Reading<D> => {
      context.fault('a session could not be renewed', thrown)
      return this.#found(key, session, context)
    }
    const written = (won: boolean): Reading<D> =>
      this.#found(key, won ? { ...session, renewedAt, expiresAt } : session, context)
    try {
      const won = this.#book.settings.store.touch(key, stored.renewedAt, renewedAt, expiresAt, context)
      return isThenable(won) ? Promise.resolve(won).then(written, failed) : written(won)
    } catch (thrown) {
      return failed(thrown)
    }
  }

  #found(key: string, session: Session<D>, context: AuthenticationContext): Reading<D> {
    this.#book.note(context.request.native, { key, session })
    return found(session)
  }

  /** There is no session; perhaps the browser is remembered. */
  #without(verdict: FailureVerdict, context: AuthenticationContext): Awaitable<Reading<D>> {
    return this.#restorer === undefined ? verdict : this.#restorer.restore(verdict, context)
  }
}

function found<D>(session: Session<D>): SessionFound<Session<D>> {
  return { session, claims: claimsOf(session) }
}

/** Asks the store, and makes what it throws an error of ours. */
function asked(store: SessionStore, key: string, context: AuthenticationContext): Awaitable<SessionReading> {
  try {
    const reading = store.read(key, context)
    if (!isThenable(reading)) return reading
    return Promise.resolve(reading).then(undefined, (thrown: unknown) => {
      throw unavailable(thrown)
    })
  } catch (thrown) {
    throw unavailable(thrown)
  }
}

function old(reason: KnownReason, discardable: boolean): InvalidCredentials {
  return invalidCredentials(reason, { discardable })
}
