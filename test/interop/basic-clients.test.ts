import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { service } from '../services.ts'
import { run } from './commands.ts'
import { type Showcase, startShowcase } from './showcase.ts'

const wget = service('wget')
const httpie = service('httpie')
const requests = service('python3') && (await pythonWith('requests'))
const httpx = service('python3') && (await pythonWith('httpx'))

const request = (library: string) =>
  `import sys, ${library}
url, name, password = sys.argv[1:4]
answer = ${library}.get(url, auth=(name, password))
print(answer.status_code, answer.text)`

/** How each client turns a password into octets is its own choice; none of them heeds `charset="UTF-8"`. */
const clients: readonly [name: string, charset: 'UTF-8' | 'ISO-8859-1', ask: Ask, program: string | undefined][] = [
  ['wget', 'UTF-8', byWget, wget],
  ['HTTPie', 'UTF-8', byHttpie, httpie],
  ['requests', 'ISO-8859-1', byPython('requests'), requests],
  ['httpx', 'UTF-8', byPython('httpx'), httpx],
]

type Ask = (program: string, url: string, name: string, password: string) => Promise<string>

describe.each(clients)('Basic by %s', (_name, charset, ask, program) => {
  let showcase: Showcase

  beforeAll(async () => {
    showcase = await startShowcase()
  })
  afterAll(async () => {
    await showcase.stop()
  })

  it.skipIf(program === undefined)('lets in by a right password and refuses a wrong one', async () => {
    expect(await ask(program ?? '', `${showcase.url}/basic`, 'ada', 'lovelace')).toMatch(/200[\s\S]*"name":"ada"/)
    expect(await ask(program ?? '', `${showcase.url}/basic`, 'ada', 'byron')).toContain('401')
  })

  it.skipIf(program === undefined)(
    `lets in by a password that comes in ${charset}, where that is expected`,
    async () => {
      const [right, wrong] = charset === 'UTF-8' ? ['basic', 'basic-latin1'] : ['basic-latin1', 'basic']
      expect(await ask(program ?? '', `${showcase.url}/${right}`, 'grace', 'hopper£ü')).toMatch(
        /200[\s\S]*"name":"grace"/,
      )
      expect(await ask(program ?? '', `${showcase.url}/${wrong}`, 'grace', 'hopper£ü')).toContain('401')
    },
  )
})

async function byWget(program: string, url: string, name: string, password: string): Promise<string> {
  const ask = ['--no-config', '--tries=1', '--timeout=10', '-S', '-O', '-', `--user=${name}`, `--password=${password}`]
  const { output, errors } = await run(program, [...ask, url])
  return errors.slice(errors.lastIndexOf('HTTP/1.1')) + output
}

async function byHttpie(program: string, url: string, name: string, password: string): Promise<string> {
  const { output } = await run(program, ['--ignore-stdin', '--print=hb', '-a', `${name}:${password}`, url])
  return output
}

function byPython(library: string): Ask {
  return async (program, url, name, password) => {
    const { output } = await run(program, ['-c', request(library), url, name, password])
    return output
  }
}

/** The first Python on the path that has this library: often several are installed. */
async function pythonWith(library: string): Promise<string | undefined> {
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
