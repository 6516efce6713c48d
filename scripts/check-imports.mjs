// Enforces who may import whom. `--root <folder>` checks another tree; tests use it.
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { importsOf } from './lib/imports.mjs'
import { conclude, filesUnder, manifest, publicEntries, rootFromArguments } from './lib/repository.mjs'

/** Area of src → the areas it may import. An area that is not here is an error: think before adding one. */
const mayImport = {
  '.': ['core'],
  wire: [],
  core: ['wire'],
  crypto: ['wire'],
  providers: ['core', 'wire', 'crypto'],
  verifiers: ['core', 'wire', 'crypto'],
  proofs: ['core', 'wire', 'crypto'],
  sessions: ['core', 'wire', 'crypto'],
  keys: ['core', 'wire', 'crypto'],
  password: ['core', 'wire', 'crypto'],
  throttle: ['core', 'wire', 'crypto'],
  issuer: ['core', 'wire', 'crypto', 'keys'],
  resource: ['core', 'wire', 'crypto'],
  stores: ['core'],
  adapters: ['core', 'wire'],
  openapi: ['core', 'wire'],
  inspector: ['core', 'wire'],
  testing: ['core', 'wire', 'crypto', 'providers', 'issuer', 'keys'],
}

/** Areas made of independent units, one folder each: a unit imports no sibling. */
const unitAreas = new Set(['providers', 'verifiers', 'proofs', 'stores', 'adapters'])

/** The declared exceptions: unit → what it may import besides. */
const declaredEdges = {
  'providers/digest': ['stores/memory'],
  'proofs/dpop': ['keys', 'stores/memory'],
  'providers/session': ['sessions'],
  'providers/oauth1': ['stores/memory'],
  'providers/oauth2': ['sessions', 'keys', 'stores/memory'],
  'providers/oidc': ['sessions', 'keys', 'providers/oauth2', 'stores/memory'],
  'providers/jwt': ['keys'],
  'providers/introspection': ['keys'],
  'adapters/express': ['adapters/node'],
  'adapters/fastify': ['adapters/node'],
  'adapters/hono': ['adapters/fetch'],
}

/** Areas whose imports must vanish at compile time. */
const typesOnly = new Set(['stores → core'])

/** The package's own conditional imports, and the file that stands for each. */
const ownImports = { '#crypto': 'crypto/node.ts', '#jws': 'keys/jws-node.ts' }

/** The only places that may use Node's built-in modules. */
const nodePlaces = [
  'adapters/node/',
  'adapters/express/',
  'adapters/fastify/',
  'crypto/node.ts',
  'keys/jws-node.ts',
  'password/',
  'stores/sqlite/',
  'verifiers/htpasswd/',
  'verifiers/ldap/',
  'testing/',
  'cli/',
]

const root = rootFromArguments()
const { dependencies = {}, peerDependencies = {} } = manifest(root)
const installed = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)])
const entries = new Set(publicEntries(root).map(([, path]) => `${path}.ts`))
const files = filesUnder(root, 'src')
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.slice('src/'.length))
const known = new Set(files)
const problems = []
const graph = new Map()

/** `providers/basic/basic.ts` → area `providers`, unit `providers/basic`; `core/cause.ts` → both `core`. */
function placeOf(path) {
  const [area, name] = path.includes('/') ? path.split('/') : ['.']
  return { area, unit: unitAreas.has(area) ? `${area}/${name}` : area }
}

function isAllowed(from, to) {
  if (from.unit === to.unit || from.area === 'cli') return true
  const declared = declaredEdges[from.unit] ?? []
  if (declared.includes(to.unit) || declared.includes(to.area)) return true
  return from.area !== to.area && (mayImport[from.area] ?? []).includes(to.area)
}

function checkRelative(path, { specifier, kind, line }, isTest) {
  const at = `src/${path}:${line}`
  const target = ownImports[specifier] ?? posix.normalize(posix.join(posix.dirname(path), specifier))
  if (target.startsWith('../')) {
    if (!isTest) problems.push(`${at}: "${specifier}" leaves src`)
    return
  }
  if (!known.has(target)) {
    problems.push(`${at}: "${specifier}" is not a file of src (relative imports carry the .ts extension)`)
    return
  }
  if (isTest) return
  if (/\.test(-d)?\.ts$/.test(target)) problems.push(`${at}: imports the test "${specifier}"`)
  if (kind === 'value') graph.get(path).push(target)
  const [from, to] = [placeOf(path), placeOf(target)]
  if (!isAllowed(from, to)) problems.push(`${at}: ${from.unit} may not import ${to.unit} ("${specifier}")`)
  else if (typesOnly.has(`${from.area} → ${to.area}`) && kind !== 'type') {
    problems.push(`${at}: ${from.unit} may import only types from ${to.unit} ("${specifier}")`)
  }
}

function checkPackage(path, { specifier, kind, line }) {
  const at = `src/${path}:${line}`
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) problems.push(`${at}: write "node:${specifier}"`)
    if (!nodePlaces.some((place) => path.startsWith(place))) {
      problems.push(`${at}: "${specifier}" runs on Node alone; only ${nodePlaces.join(', ')} may import it`)
    }
    return
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  const isOwnFramework = kind === 'type' && path.startsWith(`adapters/${name}/`)
  if (name === 'becauth') problems.push(`${at}: imports the package itself; use a relative path`)
  else if (!installed.has(name) && !isOwnFramework) {
    problems.push(`${at}: "${name}" is neither a dependency nor the types of this adapter's framework`)
  }
}

for (const path of files) {
  const isTest = /\.test(-d)?\.ts$/.test(path)
  graph.set(path, [])
  const { area } = placeOf(path)
  if (!isTest && area !== 'cli' && !(area in mayImport)) {
    problems.push(`src/${path}:1: no rule says what "${area}" may import; add one to scripts/check-imports.mjs`)
  }
  for (const found of importsOf(readFileSync(join(root, 'src', path), 'utf8'))) {
    const isOwn = found.specifier.startsWith('.') || Object.hasOwn(ownImports, found.specifier)
    if (isOwn) checkRelative(path, found, isTest)
    else if (!isTest) checkPackage(path, found)
    if (found.reexport && !isTest && !entries.has(path)) {
      problems.push(`src/${path}:${found.line}: only public entry points re-export ("${found.specifier}")`)
    }
  }
}

/** Value imports only: type imports vanish, and mutually recursive types are ordinary. */
function reportCycles() {
  const state = new Map()
  const trail = []
  const visit = (path) => {
    state.set(path, 'open')
    trail.push(path)
    for (const target of graph.get(path) ?? []) {
      if (state.get(target) === 'open') {
        const cycle = [...trail.slice(trail.indexOf(target)), target]
        problems.push(`src/${target}:1: import cycle ${cycle.join(' → ')}`)
      } else if (!state.has(target)) visit(target)
    }
    trail.pop()
    state.set(path, 'done')
  }
  for (const path of files) if (!state.has(path)) visit(path)
}

reportCycles()
conclude('check-imports', problems, `${files.length} files, every import allowed, no cycle`)
