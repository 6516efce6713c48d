import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { withoutComments } from './imports.mjs'

/** The names that a compiled module exports: `{ values, types }`, both sorted. A class is a value only. */
export async function exportsOf(root, target) {
  const values = Object.keys(await import(pathToFileURL(join(root, target.default)).href)).sort()
  const declared = declaredNames(join(root, target.types))
  const types = [...declared.types, ...declared.listed.filter((name) => !values.includes(name))]
  return { values, types: [...new Set(types)].sort() }
}

/** `types` are surely types; `listed` stand in a plain `export { … }`, where only the run time tells. */
function declaredNames(path) {
  const text = withoutComments(readFileSync(path, 'utf8'))
  const names = { types: [], listed: [] }
  for (const [, name] of text.matchAll(/^export (?:declare )?(?:interface|type) ([\w$]+)/gm)) names.types.push(name)
  for (const [, type, list] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const item of list
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)) {
      const name = item
        .split(/\s+as\s+/)
        .at(-1)
        .replace(/^type\s+/, '')
      const isType = type !== undefined || item.startsWith('type ')
      names[isType ? 'types' : 'listed'].push(name)
    }
  }
  for (const [, specifier] of text.matchAll(/^export (?:type )?\* from '([^']+)'/gm)) {
    const inner = declaredNames(join(dirname(path), specifier.replace(/\.[jt]s$/, '.d.ts')))
    names.types.push(...inner.types)
    names.listed.push(...inner.listed)
  }
  return names
}
