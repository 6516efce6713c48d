import { rmSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { check, fixture } from './fixture.ts'

const roots: string[] = []

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

function tree(files: Record<string, string>): string {
  const root = fixture({
    'package.json': '{ "name": "becauth", "type": "module", "dependencies": { "ipaddr.js": "2.5.0" } }',
    ...files,
  })
  roots.push(root)
  return root
}

describe('check-imports', () => {
  const clean = {
    'src/wire/text.ts': 'export function text(): string {\n  return ""\n}\n',
    'src/core/cause.ts': "import { text } from '../wire/text.ts'\nexport const cause = text()\n",
    'src/providers/basic/basic.ts': "import { cause } from '../../core/cause.ts'\nexport const basic = cause\n",
    'src/providers/bearer/bearer.ts': 'export const bearer = 1\n',
  }

  it('passes a tree in which every import is allowed', () => {
    expect(check('check-imports.mjs', tree(clean))).toMatchObject({ status: 0 })
  })

  it.each([
    [
      'core importing a provider',
      'src/core/a.ts',
      "import { basic } from '../providers/basic/basic.ts'",
      'core may not',
    ],
    [
      'a type import against the direction',
      'src/wire/a.ts',
      "import type { C } from '../core/cause.ts'",
      'wire may not',
    ],
    ['an inline type import', 'src/wire/a.ts', "export type A = import('../core/cause.ts').C", 'wire may not'],
    ['a dynamic import', 'src/wire/a.ts', "export const a = await import('../core/cause.ts')", 'wire may not'],
    [
      'a sibling provider',
      'src/providers/basic/a.ts',
      "import { bearer } from '../bearer/bearer.ts'",
      'providers/bearer',
    ],
    [
      'a store importing more than types',
      'src/stores/memory/a.ts',
      "import { cause } from '../../core/cause.ts'",
      'types',
    ],
    ['a module of Node in core', 'src/core/a.ts', "import { readFileSync } from 'node:fs'", 'runs on Node alone'],
    ['a module of Node without its prefix', 'src/adapters/node/a.ts', "import { inspect } from 'util'", 'node:util'],
    ['an undeclared dependency', 'src/core/a.ts', "import { z } from 'zod'", '"zod" is neither'],
    ['a re-export below the entry points', 'src/core/a.ts', "export * from './cause.ts'", 're-export'],
    ['a multi-line re-export', 'src/core/a.ts', "export {\n  cause,\n} from './cause.ts'", 're-export'],
    ['a missing file', 'src/core/a.ts', "import { b } from './b.ts'", 'not a file of src'],
    ['an import that leaves src', 'src/core/a.ts', "import { b } from '../../test/b.ts'", 'leaves src'],
    ['an area without a rule', 'src/misc/a.ts', 'export const a = 1', 'no rule says'],
  ])('refuses %s', (_, path, text, message) => {
    const { status, output } = check('check-imports.mjs', tree({ ...clean, [path]: `${text}\n` }))
    expect(output).toContain(message)
    expect(output).toContain(`${path}:1`)
    expect(status).toBe(1)
  })

  it('refuses an import cycle', () => {
    const { status, output } = check(
      'check-imports.mjs',
      tree({
        'src/core/a.ts': "import { b } from './b.ts'\nexport const a = b\n",
        'src/core/b.ts': "import { c } from './c.ts'\nexport const b = c\n",
        'src/core/c.ts': "import { a } from './a.ts'\nexport const c = a\n",
      }),
    )
    expect(output).toContain('import cycle core/a.ts → core/b.ts → core/c.ts → core/a.ts')
    expect(status).toBe(1)
  })

  it('lets a test import what it tests, and comments say what they like', () => {
    const root = tree({
      ...clean,
      'src/core/cause.test.ts': "import { basic } from '../providers/basic/basic.ts'\nimport 'node:fs'\n",
      'src/core/a.ts': "// import { basic } from '../providers/basic/basic.ts'\nexport const a = 1\n",
    })
    expect(check('check-imports.mjs', root)).toMatchObject({ status: 0 })
  })
})

describe('check-sizes', () => {
  it.each([
    ['a source of 401 lines', 'src/core/a.ts', 401, 1],
    ['a source of 400 lines', 'src/core/a.ts', 400, 0],
    ['a test of 501 lines', 'src/core/a.test.ts', 501, 1],
    ['a test of 500 lines', 'test/a.test.ts', 500, 0],
  ])('judges %s', (_, path, lines, status) => {
    const root = tree({ [path]: 'export const a = 1\n'.repeat(lines) })
    expect(check('check-sizes.mjs', root)).toMatchObject({ status })
  })

  it('warns of a source of 300 lines', () => {
    const root = tree({ 'src/core/a.ts': 'export const a = 1\n'.repeat(300) })
    expect(check('check-sizes.mjs', root).output).toContain('src/core/a.ts: 300 lines, think of splitting it')
  })
})

describe('check-docs', () => {
  it('compiles code blocks and examples that are right', () => {
    const root = tree({
      'README.md': '# A\n\n```ts\nconst a: string = "a"\n```\n\n```sh\nnot typescript\n```\n',
      'docs/b.md': '- list\n\n  ```ts\n  declare const a: number\n  export const b = a + 1\n  ```\n',
      'src/a.ts':
        '/**\n * Adds.\n *\n * @example\n * const a: number = 1\n *\n * @see RFC 1\n */\nexport const a = 1\n',
    })
    const { status, output } = check('check-docs.mjs', root)
    expect(output).toContain('3 code blocks')
    expect(status).toBe(0)
  })

  it.each([
    ['README.md', '# A\n\n```ts\nconst a = 1\nconst b: string = a\n```\n', 'README.md:5:7: error TS2322'],
    ['docs/b.md', '- list\n\n  ```ts\n  const b: string = 1\n  ```\n', 'docs/b.md:4:9: error TS2322'],
    ['src/a.ts', '/**\n * A.\n *\n * @example\n * const b: string = 1\n */\n', 'src/a.ts:5:10: error TS2322'],
    ['src/b.ts', '/**\n * @example\n * ```ts\n * const b: string = 1\n * ```\n */\n', 'src/b.ts:4:10: error TS2322'],
    ['README.md', '```ts\nimport { nothing } from "becauth/no-such-thing"\n```\n', 'README.md:2:25: error TS2307'],
  ])('reports file, line and column of a block of %s that does not compile', (path, text, message) => {
    const { status, output } = check('check-docs.mjs', tree({ [path]: text }))
    expect(output).toContain(message)
    expect(status).toBe(1)
  })
})
