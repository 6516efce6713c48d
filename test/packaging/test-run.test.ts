import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture, home } from './fixture.ts'

let root: string

beforeAll(() => {
  root = fixture({
    'vitest.config.ts': `export { default } from '${join(home, 'vitest.config.ts')}'\n`,
    'test/mixed.test.ts': `
      import { describe, expect, it } from 'vitest'
      import { service } from '${join(home, 'test/services.ts')}'
      const curl = service('curl')
      it('passes', () => expect(1).toBe(1))
      it.runIf(process.env.BREAK === '1')('fails', () => expect(1).toBe(2))
      describe.skipIf(curl === undefined)('with curl', () => it('needs it', () => expect(curl).toBeTruthy()))`,
    'test/broken.test.ts': "if (process.env.BREAK === '1') throw new Error('before any test')\n",
  })
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Runs the fixture's tests with our configuration, where no program is on the PATH. */
function runTests(env: Record<string, string>, ...files: string[]) {
  const vitest = join(home, 'node_modules/vitest/vitest.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--root', root, ...files], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, BECAUTH_REQUIRE_SERVICES: '', PATH: '/nowhere', NO_COLOR: '1', ...env },
  })
  return { status, lines: stdout.trimEnd().split('\n'), output: stdout + stderr }
}

describe('the last lines of a test run', () => {
  it('count what passed, failed and was skipped, and name the absent program', () => {
    const { status, lines } = runTests({}, 'mixed')
    expect(lines.slice(-3)).toEqual([
      'skipped: 2 of test/mixed.test.ts',
      'not on this machine, so what needs them was skipped: curl',
      '1 passed, 0 failed, 2 skipped',
    ])
    expect(status).toBe(0)
  })

  it('count a failing test and a file that broke before its tests', () => {
    const { status, lines } = runTests({ BREAK: '1' })
    expect(lines.at(-1)).toBe('1 passed, 2 failed, 1 skipped')
    expect(status).toBe(1)
  })

  it('report a failure instead of a skip where every program is required', () => {
    const { status, lines, output } = runTests({ BECAUTH_REQUIRE_SERVICES: '1' }, 'mixed')
    expect(output).toContain('curl is not on this machine')
    expect(lines.at(-1)).toBe('0 passed, 1 failed')
    expect(status).toBe(1)
  })
})
