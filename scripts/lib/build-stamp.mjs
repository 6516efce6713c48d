import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder, home } from './repository.mjs'

/** Where the last build wrote the hash of what it was made from. */
export const buildStamp = join(home, 'build/.stamp')

/** A hash of everything that a build reads. */
export function inputHash() {
  const inputs = [
    ...filesUnder(home, 'src').filter((path) => !/\.test(-d)?\.ts$/.test(path)),
    ...filesUnder(home, 'examples'),
    ...['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.examples.json'],
    ...['scripts/build.mjs'],
  ]
  const hash = createHash('sha256')
  for (const path of inputs)
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(home, path)))
      .update('\0')
  return hash.digest('hex')
}

/** Whether dist and build/examples were made from exactly what the sources are now. */
export function isBuildFresh() {
  return existsSync(join(home, 'dist')) && existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === inputHash()
}
