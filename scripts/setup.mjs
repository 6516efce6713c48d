// Makes a fresh clone ready for `npm start` and `npm test`: installs what package-lock.json says, builds what is stale.
// Runs with nothing installed, so it imports only Node's own modules.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isBuildFresh } from './lib/build-stamp.mjs'
import { home } from './lib/repository.mjs'

/** Whether node_modules holds what package-lock.json says, by the record that npm leaves there when it has finished. */
function isInstalled() {
  const record = join(home, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = packagesOf(record)
  return Object.entries(packagesOf(join(home, 'package-lock.json'))).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  )
}

function packagesOf(lock) {
  return JSON.parse(readFileSync(lock, 'utf8')).packages
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: home,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: command === 'npm' && process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

if (!isInstalled()) {
  console.log('setup: installing dependencies')
  // --include=dev: the compiler and the test runner are needed even where NODE_ENV is "production".
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
}

if (!isBuildFresh()) {
  console.log('setup: building')
  run(process.execPath, [join(home, 'scripts/build.mjs')])
}
