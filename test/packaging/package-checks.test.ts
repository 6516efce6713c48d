import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { check, fixture } from './fixture.ts'

const roots: string[] = []

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

const entry = (path: string) => ({ types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` })

/** A built package with two subpaths, and whatever else a test adds or replaces. */
function builtPackage(files: Record<string, string> = {}): string {
  const root = fixture({
    'package.json': JSON.stringify({
      name: 'becauth',
      type: 'module',
      exports: { '.': entry('index'), './basic': entry('providers/basic/basic') },
    }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        paths: { becauth: ['./src/index.ts'], 'becauth/basic': ['./src/providers/basic/basic.ts'] },
      },
    }),
    'dist/index.js': "export { cause } from './core/cause.js'\n",
    'dist/index.d.ts': "export { cause } from './core/cause.js'\nexport type { Cause } from './core/cause.js'\n",
    'dist/core/cause.js': 'export const cause = 1\n',
    'dist/core/cause.d.ts': 'export interface Cause {\n  kind: string\n}\nexport declare const cause: number\n',
    'dist/providers/basic/basic.js': 'export function basic() {\n  return 1\n}\n',
    'dist/providers/basic/basic.d.ts': 'export type Options = object\nexport declare function basic(): number\n',
    'test/packaging/exports.snapshot.txt': [
      'becauth value cause',
      'becauth type Cause',
      'becauth/basic value basic',
      'becauth/basic type Options\n',
    ].join('\n'),
    ...files,
  })
  roots.push(root)
  return root
}

describe('check-package', () => {
  it('passes a package whose exports are those of the snapshot', () => {
    expect(check('check-package.mjs', builtPackage())).toMatchObject({ status: 0 })
  })

  it.each([
    ['a new value', 'dist/core/more.js', 'becauth value more'],
    ['a new type', 'dist/core/more.d.ts', 'becauth type More'],
  ])('reports %s as new, and --update writes it down', (_, __, line) => {
    const root = builtPackage({
      'dist/index.js': "export { cause } from './core/cause.js'\nexport const more = 2\n",
      'dist/index.d.ts':
        "export { cause, type Cause } from './core/cause.js'\nexport declare const more: number\nexport interface More {}\n",
    })
    const { status, output } = check('check-package.mjs', root)
    expect(output).toContain(`new: ${line}`)
    expect(status).toBe(1)
    expect(check('check-package.mjs', root, '--update')).toMatchObject({ status: 0 })
    expect(readFileSync(join(root, 'test/packaging/exports.snapshot.txt'), 'utf8')).toContain(`${line}\n`)
    expect(check('check-package.mjs', root)).toMatchObject({ status: 0 })
  })

  it('reports a name that is gone', () => {
    const root = builtPackage({ 'dist/index.d.ts': "export { cause } from './core/cause.js'\n" })
    const { status, output } = check('check-package.mjs', root)
    expect(output).toContain('lost: becauth type Cause')
    expect(status).toBe(1)
  })

  it('reports a module that no public entry reaches', () => {
    const root = builtPackage({ 'dist/core/dead.js': 'export const dead = 1\n' })
    const { status, output } = check('check-package.mjs', root)
    expect(output).toContain('dist/core/dead.js: published, but no public entry reaches it')
    expect(status).toBe(1)
  })

  it('reports a subpath that the compiler would not find in the sources', () => {
    const root = builtPackage({
      'tsconfig.json': '{ "compilerOptions": { "paths": { "becauth/gone": ["./src/a.ts"] } } }',
    })
    const { status, output } = check('check-package.mjs', root)
    expect(output).toContain('paths lacks "becauth/basic"')
    expect(output).toContain('paths has "becauth/gone"')
    expect(status).toBe(1)
  })

  it('reports declarations that do not compile for a consumer', () => {
    const root = builtPackage({
      'dist/core/cause.d.ts': 'export interface Cause {\n  kind: Missing\n}\nexport declare const cause: number\n',
    })
    const { status, output } = check('check-package.mjs', root)
    expect(output).toContain('does not compile')
    expect(output).toContain("Cannot find name 'Missing'")
    expect(status).toBe(1)
  })
})

describe('check-bundles', () => {
  it('passes bundles that hold only what they may', () => {
    expect(check('check-bundles.mjs', builtPackage())).toMatchObject({ status: 0 })
  })

  it.each([
    ['another provider', "import '../bearer/bearer.js'\nexport const basic = 1\n", 'dist/providers/bearer/bearer.js'],
    ['a framework', "import express from 'express'\nexport const basic = express\n", '"express"'],
    ['a module of Node', "import fs from 'node:fs'\nexport const basic = fs\n", '"node:fs"'],
    ['a module of Node at run time', "export const basic = () => import('node:fs')\n", '"node:fs"'],
    ['a module of Node in disguise', "export const basic = () => process.getBuiltinModule('fs')\n", 'getBuiltinModule'],
  ])('refuses %s bleeding into becauth/basic', (_, text, message) => {
    const root = builtPackage({
      'dist/providers/bearer/bearer.js': 'globalThis.bearer = 1\n',
      'dist/providers/basic/basic.js': text,
    })
    const { status, output } = check('check-bundles.mjs', root)
    expect(output).toContain('./basic: ')
    expect(output).toContain(message)
    expect(status).toBe(1)
  })

  it('refuses a subpath that no rule speaks of', () => {
    const root = builtPackage({
      'package.json': JSON.stringify({ name: 'becauth', type: 'module', exports: { './other': entry('index') } }),
    })
    const { status, output } = check('check-bundles.mjs', root)
    expect(output).toContain('./other: no rule says what it may pull in')
    expect(status).toBe(1)
  })
})
