// Type-checks everything; then proves that the type tests are among what was checked and that a bad one fails.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { conclude, filesUnder, home, runBin } from './lib/repository.mjs'

const knownBad = 'test/packaging/fixtures/known-bad.test-d.ts'
const tsc = (...args) => runBin('typescript', 'tsc', ['--pretty', 'false', '--noEmit', ...args])
const problems = []

function check(project, what) {
  const { status, output } = tsc('-p', project)
  if (status === 0) return
  problems.push(output.trimEnd(), `${project} (${what}) does not compile`)
}

check('tsconfig.json', 'everything')
check('tsconfig.build.json', 'the published sources, with isolated declarations')
check('test/types/tsconfig.loose.json', 'the type tests, with the options that most users have')
check('tsconfig.portable.json', 'what must run everywhere, without the types of Node')

const program = new Set(
  tsc('-p', 'tsconfig.json', '--listFilesOnly')
    .output.split('\n')
    .map((path) => path.trim()),
)
const typeTests = ['src', 'test', 'examples'].flatMap((folder) =>
  filesUnder(home, folder).filter((path) => path.endsWith('.test-d.ts') && path !== knownBad),
)
for (const path of typeTests) {
  if (!program.has(join(home, path))) problems.push(`${path}: tsconfig.json does not include this type test`)
}

// Each line of the fixture that says `// fails: TSnnnn` must fail so, with the very options of everything else.
const bad = tsc('-p', 'test/packaging/fixtures/tsconfig.known-bad.json').output
for (const [index, line] of readFileSync(join(home, knownBad), 'utf8').split('\n').entries()) {
  const code = /\/\/ fails: (TS\d+)/.exec(line)?.[1]
  if (code === undefined) continue
  const fails = new RegExp(`known-bad\\.test-d\\.ts\\(${index + 1},\\d+\\): error ${code}`)
  if (!fails.test(bad)) problems.push(`${knownBad}:${index + 1}: does not fail with ${code}\n${bad}`)
}

conclude('typecheck', problems, `compiles, ${typeTests.length} type tests included`)
