// Ends the output of `npm test` with what was skipped and why, and with one line: `N passed, N failed, N skipped`.
import { existsSync, readFileSync, rmSync } from 'node:fs'

/** A vitest reporter, used beside the default one. `absentServices` is the file in which test/services.ts notes names. */
export class CountReporter {
  constructor({ absentServices, write = (line) => process.stdout.write(`${line}\n`) }) {
    this.absentServices = absentServices
    this.write = write
  }

  onTestRunStart() {
    rmSync(this.absentServices, { force: true })
  }

  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    const skippedIn = new Map()
    for (const module of modules) {
      // A file or a suite that broke before its tests ran has failed, although no test says so.
      for (const task of [module, ...module.children.allSuites()]) if (task.errors().length > 0) count.failed++
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') count.passed++
        else if (state === 'failed') count.failed++
        else {
          count.skipped++
          skippedIn.set(module.relativeModuleId, (skippedIn.get(module.relativeModuleId) ?? 0) + 1)
        }
      }
    }
    this.report(count, skippedIn)
  }

  report({ passed, failed, skipped }, skippedIn) {
    for (const [path, tests] of skippedIn) this.write(`skipped: ${tests} of ${path}`)
    const absent = this.readAbsentServices()
    if (absent.length > 0) this.write(`not on this machine, so what needs them was skipped: ${absent.join(', ')}`)
    this.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  }

  readAbsentServices() {
    if (!existsSync(this.absentServices)) return []
    const names = readFileSync(this.absentServices, 'utf8').split('\n').filter(Boolean)
    rmSync(this.absentServices)
    return [...new Set(names)].sort()
  }
}
