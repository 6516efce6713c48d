import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { home } from './fixture.ts'

interface Locked {
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const packages: Record<string, Locked> = JSON.parse(readFileSync(join(home, 'package-lock.json'), 'utf8')).packages
const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))

describe('package-lock.json', () => {
  it('names no registry', () => {
    expect(Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined)).toEqual([])
  })

  it('holds the optional packages of every platform, without which npm ci refuses', () => {
    const paths = Object.keys(packages)
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    expect(wanted.length).toBeGreaterThan(0)
    expect(wanted.filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)))).toEqual([])
  })
})

describe('package.json', () => {
  it('asks for exact versions', () => {
    const versions: [string, unknown][] = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter(([, version]) => !/^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)))).toEqual([])
  })
})
