import type { SessionStore } from '../core/session-store.ts'
import { creatingCases } from './session-store/creating.ts'
import { endingCases } from './session-store/ending.ts'
import type { StoreCase } from './session-store/kit.ts'
import { limitCases } from './session-store/limits.ts'
import { rotatingCases } from './session-store/rotating.ts'
import { tagAndSweepCases } from './session-store/tags-and-sweeps.ts'
import { writingCases } from './session-store/writing.ts'

/**
 * Gives the behaviours that every `SessionStore` must have, for a test runner to run against one, one after another.
 *
 * Time is the suite's: it passes a context whose clock begins now and is moved forward by hand, so no store has to wait.
 *
 * @example
 * import { type SessionStoreSubject, sessionStoreContract } from 'becauth/testing'
 *
 * declare const subject: SessionStoreSubject
 * declare function test(title: string, run: () => Promise<void>): void
 *
 * for (const { title, run } of sessionStoreContract()) test(title, () => run(subject))
 */
export function sessionStoreContract(): readonly StoreCase<SessionStore>[] {
  return [
    ...creatingCases(),
    ...limitCases(),
    ...writingCases(),
    ...rotatingCases(),
    ...endingCases(),
    ...tagAndSweepCases(),
  ]
}
