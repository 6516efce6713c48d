import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { CountReporter } from './scripts/count-reporter.mjs'

const absentServices = join(tmpdir(), `becauth-absent-services-${process.pid}`)

/** Tests import the sources, under the package's own names too: what the paths of tsconfig.json are to the compiler. */
function sourceAliases(): { find: RegExp; replacement: string }[] {
  const { compilerOptions } = JSON.parse(readFileSync(at('./tsconfig.json'), 'utf8'))
  return Object.entries<string[]>(compilerOptions.paths).map(([name, [path]]) => ({
    find: new RegExp(`^${name}$`),
    replacement: at(path ?? ''),
  }))
}

function at(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

export default defineConfig({
  resolve: { alias: sourceAliases() },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 20_000,
    env: { BECAUTH_ABSENT_SERVICES: absentServices },
    reporters: ['default', new CountReporter({ absentServices })],
  },
})
