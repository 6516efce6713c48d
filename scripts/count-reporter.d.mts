import type { Reporter } from 'vitest/node'

/** A vitest reporter that ends the output with the number of tests that passed, failed and were skipped. */
export class CountReporter implements Reporter {
  constructor(options: { absentServices: string; write?: (line: string) => void })
}
