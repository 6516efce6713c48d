import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './commands.ts'

/** The first Python on the path that has this library: often several are installed. `undefined` where none has. */
export async function pythonWith(library: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const python = join(folder, 'python3')
    if (isExecutable(python) && (await run(python, ['-c', `import ${library}`])).code === 0) return python
  }
  if (process.env.BECAUTH_REQUIRE_SERVICES === '1') throw new Error(`no python3 on this machine has ${library}`)
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
