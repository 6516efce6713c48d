import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { home } from './fixture.ts'

const subpaths = Object.entries<unknown>(JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath]) => subpath.replace(/^\./, 'becauth'))

// Inside the repository, so that the two dependencies are found by walking up, as in a consumer's node_modules.
let consumer: string
let packed: string[]

beforeAll(() => {
  mkdirSync(join(home, 'build'), { recursive: true })
  consumer = mkdtempSync(join(home, 'build/consumer-'))
  const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', consumer]
  const [{ filename, files }] = JSON.parse(execFileSync('npm', pack, { cwd: home, encoding: 'utf8' }))
  packed = files.map((file: { path: string }) => file.path)
  execFileSync('tar', ['-xzf', filename], { cwd: consumer })
  mkdirSync(join(consumer, 'node_modules'))
  renameSync(join(consumer, 'package'), join(consumer, 'node_modules/becauth'))
  writeFileSync(join(consumer, 'package.json'), '{ "private": true }')
})

afterAll(() => rmSync(consumer, { recursive: true, force: true }))

/** Runs a program in a Node of its own, in the folder where the tarball is installed, and returns what it printed. */
function run(file: string, program: string): string {
  writeFileSync(join(consumer, file), program)
  return execFileSync(process.execPath, ['--no-warnings', file], { cwd: consumer, encoding: 'utf8' }).trim()
}

describe('the published tarball', () => {
  it('holds compiled modules, their declarations and the documents of the package, nothing else', () => {
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json']
    const others = packed.filter((path) => !/^dist\/.+\.(js|d\.ts)$/.test(path) && !documents.includes(path))
    expect(others).toEqual([])
    expect(packed).toContain('LICENSE')
  })

  it('holds no test', () => {
    expect(packed.filter((path) => /\.test(-d)?\./.test(path))).toEqual([])
  })

  it('holds a declaration for every module', () => {
    const modules = packed.filter((path) => path.endsWith('.js')).map((path) => path.replace(/\.js$/, '.d.ts'))
    expect(modules.length).toBeGreaterThan(subpaths.length)
    expect(packed.filter((path) => path.endsWith('.d.ts'))).toEqual(expect.arrayContaining(modules))
  })

  it.each(subpaths)('lets an ES module import %s', (subpath) => {
    const names = JSON.parse(
      run('import.mjs', `import * as all from '${subpath}'\nconsole.log(JSON.stringify(Object.keys(all)))`),
    )
    expect(names.length).toBeGreaterThan(0)
  })

  it.each(subpaths)('lets a CommonJS module require %s', (subpath) => {
    const names = JSON.parse(run('require.cjs', `console.log(JSON.stringify(Object.keys(require('${subpath}'))))`))
    expect(names.length).toBeGreaterThan(0)
  })

  it('imports becauth in a fresh process, and says how long it took', () => {
    const program = `
      const start = performance.now()
      await import('becauth')
      console.log((performance.now() - start).toFixed(1))`
    const milliseconds = Number(run('time.mjs', program))
    console.log(`import of becauth: ${milliseconds} ms (goal: under 10)`)
    expect(milliseconds).toBeGreaterThan(0)
  })
})
