// Keeps files readable: sources stop at 400 lines, tests at 500; from 300 on a source is worth splitting.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { conclude, filesUnder, rootFromArguments } from './lib/repository.mjs'

const [warnAt, sourceLimit, testLimit] = [300, 400, 500]
const root = rootFromArguments()
const files = [...filesUnder(root, 'src'), ...filesUnder(root, 'test')].filter((path) => path.endsWith('.ts'))
const problems = []

for (const path of files) {
  const lines = readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length
  const isTest = path.startsWith('test/') || /\.test(-d)?\.ts$/.test(path)
  const limit = isTest ? testLimit : sourceLimit
  if (lines > limit) problems.push(`${path}: ${lines} lines, at most ${limit}`)
  else if (!isTest && lines >= warnAt) console.warn(`${path}: ${lines} lines, think of splitting it`)
}

conclude('check-sizes', problems, `${files.length} files, none too long`)
