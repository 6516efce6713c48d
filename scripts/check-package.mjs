// Checks what the built package promises: its export list, compared with a snapshot, so that a new or lost public name
// shows in review (`--update` rewrites it); no file that nothing reaches; the same subpaths in tsconfig.json as in
// package.json; declarations that compile in a consumer's project. `--root <folder>` checks another package.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { isBuildFresh } from './lib/build-stamp.mjs'
import { loadedByAddress } from './lib/bundle-rules.mjs'
import { exportsOf } from './lib/exports.mjs'
import { importsOf } from './lib/imports.mjs'
import { conclude, filesUnder, home, manifest, publicEntries, rootFromArguments, runBin } from './lib/repository.mjs'

const root = rootFromArguments()
const { name, exports, bin = {}, imports = {} } = manifest(root)
const subpaths = publicEntries(root).map(([subpath]) => subpath)
const publicName = (subpath) => posix.join(name, subpath)
const problems = []

async function checkSnapshot() {
  const file = 'test/packaging/exports.snapshot.txt'
  const lines = []
  for (const subpath of subpaths) {
    const { values, types } = await exportsOf(root, exports[subpath])
    lines.push(...values.map((value) => `${publicName(subpath)} value ${value}`))
    lines.push(...types.map((type) => `${publicName(subpath)} type ${type}`))
  }
  if (process.argv.includes('--update')) {
    writeFileSync(join(root, file), `${lines.join('\n')}\n`)
    return
  }
  const expected = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8').trim().split('\n') : []
  for (const line of lines) if (!expected.includes(line)) problems.push(`${file}: new: ${line}`)
  for (const line of expected) if (!lines.includes(line)) problems.push(`${file}: lost: ${line}`)
  if (problems.length > 0) problems.push('If that is meant: node scripts/check-package.mjs --update')
}

/** Every published module must be reachable from a public entry, through code or declarations. */
function checkReachable() {
  const files = new Set(filesUnder(root, 'dist'))
  const reached = new Set()
  const queue = [
    ...subpaths.flatMap((subpath) => Object.values(exports[subpath])),
    ...Object.values(imports).flatMap((target) => Object.values(target)),
    ...loadedByAddress,
    ...Object.values(bin),
  ].map((path) => posix.normalize(path))
  for (const path of queue) {
    if (reached.has(path) || !files.has(path)) continue
    reached.add(path)
    queue.push(path.endsWith('.d.ts') ? path.replace(/\.d\.ts$/, '.js') : path.replace(/\.js$/, '.d.ts'))
    for (const { specifier } of importsOf(readFileSync(join(root, path), 'utf8'))) {
      if (!specifier.startsWith('.')) continue
      queue.push(posix.join(posix.dirname(path), specifier.replace(/\.ts$/, '.js')))
    }
  }
  for (const path of files) if (!reached.has(path)) problems.push(`${path}: published, but no public entry reaches it`)
}

/** The compiler and vitest read our subpaths from tsconfig.json, consumers read them from package.json. */
function checkPaths() {
  const { paths } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).compilerOptions
  const promised = new Map(publicEntries(root).map(([subpath, path]) => [publicName(subpath), `./src/${path}.ts`]))
  for (const [specifier, source] of promised) {
    if (paths[specifier]?.[0] !== source) problems.push(`tsconfig.json: paths lacks "${specifier}": ["${source}"]`)
  }
  for (const specifier of Object.keys(paths)) {
    if (!specifier.startsWith('#') && !promised.has(specifier)) {
      problems.push(`tsconfig.json: paths has "${specifier}", package.json does not export it`)
    }
  }
}

/** Compiles a program that imports every subpath from the built declarations, library checks on. */
function checkConsumer() {
  const folder = join(root, 'build/consumer')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const program = subpaths.map((subpath, index) => `export * as e${index} from '${publicName(subpath)}'\n`)
  writeFileSync(join(folder, 'consumer.ts'), program.join(''))
  const config = {
    extends: join(home, 'tsconfig.json'),
    compilerOptions: { paths: {} },
    files: ['consumer.ts'],
    include: [],
    exclude: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const { status, output } = runBin('typescript', 'tsc', ['-p', folder, '--pretty', 'false'], { cwd: root })
  if (status !== 0) problems.push(`A consumer of the built package does not compile:\n${output}`)
}

if (root === home && !isBuildFresh()) {
  problems.push('dist is absent or older than src: run `npm run build` first')
} else {
  await checkSnapshot()
  checkReachable()
  checkPaths()
  checkConsumer()
}
conclude('check-package', problems, `${subpaths.length} subpaths export what the snapshot says`)
