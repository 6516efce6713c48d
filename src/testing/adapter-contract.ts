import { amendmentCases } from './contract/amendments.ts'
import { bodyCases } from './contract/bodies.ts'
import { failureCases } from './contract/failures.ts'
import { hookCases } from './contract/hooks.ts'
import type { ContractCase } from './contract/kit.ts'
import { outcomeCases } from './contract/outcomes.ts'
import { refusalCases } from './contract/refusals.ts'
import { requestCases } from './contract/requests.ts'
import { scopeCases } from './contract/scopes.ts'

/**
 * Gives the behaviours that every adapter must have, for a test runner to run against one.
 *
 * Each case mounts routes of its own, sends requests and rejects with a sentence when an answer is wrong. Providers,
 * requirements and expectations are the suite's; the adapter's author writes an `AdapterSubject` and a `Send`.
 *
 * @example
 * import { type AdapterSubject, adapterContract, type Send } from 'becauth/testing'
 *
 * declare const subject: AdapterSubject
 * declare const send: Send
 * declare function test(title: string, run: () => Promise<void>): void
 *
 * for (const { title, run } of adapterContract()) test(`${subject.name} ${title}`, () => run(subject, send))
 */
export function adapterContract(): readonly ContractCase[] {
  return [
    ...outcomeCases(),
    ...refusalCases(),
    ...scopeCases(),
    ...amendmentCases(),
    ...hookCases(),
    ...requestCases(),
    ...bodyCases(),
    ...failureCases(),
  ]
}
