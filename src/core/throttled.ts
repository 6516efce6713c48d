import { AuthenticationError, invalidCredentials } from './cause.ts'
import type { Attempt, Reservation, Throttle } from './ports.ts'
import type { AuthenticationContext, Awaitable, Principal, Verdict } from './provider.ts'
import { isThenable } from './validate.ts'

/**
 * What an attempt says about the secret: it was right, it was wrong, or nobody knows, because something failed on the
 * way or nothing was presented.
 */
export type Judgement = 'right' | 'wrong' | 'unknown'

/** How a verdict is judged unless a provider knows better. `must-change` is only ever said of a right secret. */
function judgementOf({ cause }: Verdict<Principal>): Judgement {
  if (cause === undefined) return 'right'
  if (cause.kind !== 'InvalidCredentials') return 'unknown'
  return cause.reason === 'must-change' ? 'right' : 'wrong'
}

/**
 * Verifies an attempt under a throttle: reserves, verifies only what was let through, and settles exactly once.
 *
 * A refusal is `throttled` with the seconds to wait; nothing is verified then. A right secret gives the reservation
 * back, and so does whatever says nothing about the secret: an `Error`, a throw, a time-out, a client that left. A
 * throttle that fails is an `Error` with code `throttle-failed`. Synchronous as long as throttle and `verify` are.
 *
 * @param judge says what a verdict means. A provider may call right what it refuses for another reason, and must do so
 *   only where it has seen the right secret, or guesses are free.
 */
export function throttled<P extends Principal>(
  throttle: Throttle,
  attempt: Attempt,
  context: AuthenticationContext,
  verify: () => Awaitable<Verdict<P>>,
  judge: (verdict: Verdict<P>) => Judgement = judgementOf,
): Awaitable<Verdict<P>> {
  const go = (reservation: Reservation): Awaitable<Verdict<P>> =>
    reservation.ok ? verified(reservation, context, verify, judge) : refused(reservation.retryAfterSeconds)
  let reservation: Awaitable<Reservation>
  try {
    reservation = throttle.reserve(attempt, context.signal)
  } catch (thrown) {
    return failed(thrown)
  }
  return isThenable(reservation) ? Promise.resolve(reservation).then(go, failed) : go(reservation)
}

function refused(retryAfterSeconds: number): Verdict<never> {
  if (!(retryAfterSeconds >= 0)) return failed(new TypeError('the throttle named no time to wait'))
  return { cause: invalidCredentials('throttled', { retryAfterSeconds }) }
}

/** @throws TypeError when the option of a factory is there and no throttle. */
export function checkThrottle(factory: string, throttle: Throttle | undefined): void {
  if (throttle !== undefined && typeof throttle?.reserve !== 'function') {
    throw new TypeError(`${factory}: "throttle" must be a throttle, such as throttle() makes`)
  }
}

type Reserved = Reservation & { readonly ok: true }

function verified<P extends Principal>(
  reservation: Reserved,
  context: AuthenticationContext,
  verify: () => Awaitable<Verdict<P>>,
  judge: (verdict: Verdict<P>) => Judgement,
): Awaitable<Verdict<P>> {
  let verdict: Awaitable<Verdict<P>>
  try {
    verdict = verify()
    if (!isThenable(verdict)) return settled(reservation, verdict, judge)
  } catch (thrown) {
    return released(reservation, thrown)
  }
  return Promise.race([verdict, aborted(context.signal)]).then(
    (settledVerdict) => settled(reservation, settledVerdict, judge),
    (thrown: unknown) => released(reservation, thrown),
  )
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function settled<P extends Principal>(
  reservation: Reserved,
  verdict: Verdict<P>,
  judge: (verdict: Verdict<P>) => Judgement,
): Awaitable<Verdict<P>> {
  const judgement = judge(verdict)
  return after(
    () => (judgement === 'unknown' ? reservation.release() : reservation.settle(judgement === 'right')),
    () => verdict,
  )
}

/** Gives back, then goes on throwing, so that the engine reports what was thrown. */
function released<P extends Principal>(reservation: Reserved, thrown: unknown): Awaitable<Verdict<P>> {
  return after(
    () => reservation.release(),
    () => {
      throw thrown
    },
  )
}

function after<P extends Principal>(run: () => Awaitable<void>, next: () => Verdict<P>): Awaitable<Verdict<P>> {
  let end: Awaitable<void>
  try {
    end = run()
  } catch (thrown) {
    return failed(thrown)
  }
  return isThenable(end) ? Promise.resolve(end).then(next, failed) : next()
}

function failed(thrown: unknown): Verdict<never> {
  return {
    cause: new AuthenticationError('the throttle could not count the attempt', {
      code: 'throttle-failed',
      cause: thrown,
    }),
  }
}
