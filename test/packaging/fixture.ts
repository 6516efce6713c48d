import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository. */
export const home: string = fileURLToPath(new URL('../..', import.meta.url))

/** Writes a small package into a fresh folder of build/ and returns the folder. */
export function fixture(files: Record<string, string>): string {
  mkdirSync(join(home, 'build'), { recursive: true })
  const root = mkdtempSync(join(home, 'build/fixture-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

/** Runs one of our scripts on that folder. */
export function check(script: string, root: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(home, 'scripts', script), '--root', root, ...args],
    { encoding: 'utf8' },
  )
  return { status, output: stdout + stderr }
}
