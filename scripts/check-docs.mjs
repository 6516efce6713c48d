// Compiles every ```ts block of README.md and docs/, and every @example of src, each as a module of its own.
// `--root <folder>` checks another tree; it must lie inside this package.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { blocksOfMarkdown, examplesOfSource } from './lib/code-blocks.mjs'
import { conclude, filesUnder, home, rootFromArguments, runBin } from './lib/repository.mjs'

const root = rootFromArguments()
const folder = join(root, 'build/docs-check')

const markdown = ['README.md', ...filesUnder(root, 'docs')].filter((path) => path.endsWith('.md'))
const sources = filesUnder(root, 'src').filter((path) => path.endsWith('.ts') && !/\.test(-d)?\.ts$/.test(path))
const blocks = [
  ...markdown.flatMap((path) => blocksOfMarkdown(read(path)).map((block) => ({ ...block, path }))),
  ...sources.flatMap((path) => examplesOfSource(read(path)).map((block) => ({ ...block, path }))),
]

function read(path) {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return ''
    throw error
  }
}

/** Writes the blocks as `0.ts`, `1.ts`, … beside a tsconfig, and compiles them. */
function compile() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [index, { code }] of blocks.entries()) {
    writeFileSync(join(folder, `${index}.ts`), `${code}\nexport {}\n`)
  }
  const base = relative(folder, join(home, 'tsconfig.json'))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: base, include: ['*.ts'], exclude: [] }))
  return runBin('typescript', 'tsc', ['-p', folder, '--pretty', 'false'], { cwd: folder })
}

/** `7.ts(3,5): error …` → `docs/express.md:42:5: error …` */
function located(line) {
  const match = /^(\d+)\.ts\((\d+),(\d+)\): (.*)$/.exec(line)
  if (match === null) return line
  const [, index, row, column, message] = match
  const { path, line: start, indent } = blocks[Number(index)]
  return `${path}:${start + Number(row) - 1}:${indent + Number(column)}: ${message}`
}

const problems = []
if (blocks.length > 0) {
  const { status, output } = compile()
  if (status !== 0) problems.push(...output.trimEnd().split('\n').map(located))
}
conclude('check-docs', problems, `${blocks.length} code blocks of ${markdown.length + sources.length} files compile`)
