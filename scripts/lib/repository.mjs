import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package. */
export const home = fileURLToPath(new URL('../..', import.meta.url))

/** The folder that a check looks at: `--root <folder>`, else this package. Tests point it at fixtures. */
export function rootFromArguments() {
  const at = process.argv.indexOf('--root')
  return at < 0 ? home : resolve(process.argv[at + 1] ?? '.')
}

/** All files under `folder` of `root`, as sorted paths relative to `root` with forward slashes; none when it is absent. */
export function filesUnder(root, folder) {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((path) => !/(?:^|\/)(?:node_modules|\.data)\//.test(path))
      .sort()
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

/** The parsed package.json of `root`. */
export function manifest(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
}

/** The public entries: `[subpath, path without dist/ and extension]` of every `exports` entry that is code. */
export function publicEntries(root) {
  return Object.entries(manifest(root).exports ?? {})
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath, target]) => [subpath, target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '')])
}

/** Runs a JavaScript command of an installed package (`typescript`, `tsc`) and returns its status and output. */
export function runBin(packageName, bin, args, { cwd = home, inherit = false, env = process.env } = {}) {
  const folder = join(home, 'node_modules', packageName)
  const { bin: bins } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const script = join(folder, typeof bins === 'string' ? bins : bins[bin])
  const run = spawnSync(process.execPath, [script, ...args], {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: inherit ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  })
  if (run.error) throw run.error
  return { status: run.status ?? 1, output: `${run.stdout ?? ''}${run.stderr ?? ''}` }
}

/** Prints the problems of a check and sets the exit code, or prints what was found in order. */
export function conclude(check, problems, summary) {
  if (problems.length > 0) {
    for (const problem of problems) console.error(problem)
    console.error(`${check}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)
    process.exitCode = 1
  } else {
    console.log(`${check}: ${summary}`)
  }
}
