// Bundles every subpath as an edge runtime would and checks that nothing bleeds in: importing becauth/basic must not
// pull another provider, an adapter, a framework or a module of Node. `--root <folder>` checks another package.
import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { bundleRules } from './lib/bundle-rules.mjs'
import { conclude, manifest, publicEntries, rootFromArguments } from './lib/repository.mjs'

const root = rootFromArguments()
const { exports } = manifest(root)
const problems = []
const sizes = []

for (const [subpath] of publicEntries(root)) {
  const rule = bundleRules[subpath]
  if (rule === undefined) {
    problems.push(`${subpath}: no rule says what it may pull in; add one to scripts/lib/bundle-rules.mjs`)
    continue
  }
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [exports[subpath].default],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    // Without it esbuild would follow the paths of tsconfig.json, which lead back into src.
    tsconfigRaw: '{}',
    plugins: [{ name: 'packages-outside', setup: keepPackagesOutside }],
    logLevel: 'silent',
  })
  for (const input of Object.keys(metafile.inputs)) {
    if (!rule.folders.some((folder) => input.startsWith(posix.join('dist', folder)))) {
      problems.push(`${subpath}: pulls in ${input}, but may only hold ${rule.folders.join(', ')}`)
    }
  }
  const [output] = Object.values(metafile.outputs)
  for (const { path } of output.imports) {
    const isAllowed = path.startsWith('node:')
      ? rule.node === true
      : (rule.packages ?? []).some((name) => path === name || path.startsWith(`${name}/`))
    if (!isAllowed) problems.push(`${subpath}: pulls in "${path}"`)
  }
  const [{ text }] = outputFiles
  for (const word of rule.node === true ? [] : ['node:', 'createRequire', 'getBuiltinModule']) {
    if (text.includes(word)) problems.push(`${subpath}: its bundle says "${word}"`)
  }
  sizes.push(`${subpath} ${(gzipSync(text).length / 1024).toFixed(1)}`)
}

/** Leaves packages and Node's modules as imports, so that they are seen; `#crypto` and files are bundled. */
function keepPackagesOutside({ onResolve }) {
  onResolve({ filter: /^[^.#/]/ }, ({ path, kind }) => (kind === 'entry-point' ? undefined : { path, external: true }))
}

conclude('check-bundles', problems, `nothing bleeds; KB minified and compressed: ${sizes.join(', ')}`)
