import { readFileSync } from 'node:fs'
import type { KnipConfig } from 'knip'

const { exports }: { exports: Record<string, string | { default: string }> } = JSON.parse(
  readFileSync(new URL('package.json', import.meta.url), 'utf8'),
)

/** The sources behind the public subpaths: what they export is used by people we do not know. */
const published = Object.values(exports).flatMap((target) =>
  typeof target === 'string' ? [] : [target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')],
)

const config: KnipConfig = {
  entry: [
    ...published,
    'src/password/formats/crypt-worker.ts',
    'src/cli/becauth.ts',
    'scripts/*.mjs',
    'examples/*/main.ts',
    'src/**/*.test-d.ts',
    'test/**/*.test-d.ts',
  ],
  project: ['src/**/*.ts', 'test/**/*.ts', 'scripts/**/*.mjs', 'examples/**/*.ts'],
  ignoreDependencies: ['@node-rs/argon2', 'express4'],
}

export default config
