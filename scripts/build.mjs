// Compiles src into dist and the examples into build/examples, both from nothing.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildStamp, inputHash } from './lib/build-stamp.mjs'
import { filesUnder, home, runBin } from './lib/repository.mjs'

function compile(project) {
  const { status } = runBin('typescript', 'tsc', ['-p', project], { inherit: true })
  if (status !== 0) {
    console.error(`build: ${project} does not compile`)
    process.exit(1)
  }
}

const hash = inputHash()
rmSync(buildStamp, { force: true })
rmSync(join(home, 'dist'), { recursive: true, force: true })
rmSync(join(home, 'build/examples'), { recursive: true, force: true })
compile('tsconfig.build.json')

const examples = filesUnder(home, 'examples')
if (examples.some((path) => path.endsWith('.ts'))) compile('tsconfig.examples.json')
for (const path of examples.filter((path) => !path.endsWith('.ts'))) {
  const target = join(home, 'build', path)
  mkdirSync(dirname(target), { recursive: true })
  cpSync(join(home, path), target)
}

mkdirSync(dirname(buildStamp), { recursive: true })
writeFileSync(buildStamp, hash)
