import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { context, key, owner, record, sqliteFiles } from './sqlite-kit.ts'

const files = sqliteFiles()

describe('sqliteStore() of four processes at once', () => {
  const run = promisify(execFile)
  const writer = fileURLToPath(new URL('./fixtures/sqlite-writer.mjs', import.meta.url))

  it('loses and doubles nothing, and leaves event loops free: under 50 ms in 99 of 100 turns', async () => {
    const path = files.path()
    const { sessions } = files.open(path)
    const counter = key('z')
    await sessions.create(counter, { ...record(), payload: new Uint8Array(4) }, owner('counter'), context)
    const arguments_ = [writer, path, '3000', counter]
    const options = { timeout: 30_000, maxBuffer: 64 << 20 }
    const outputs = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, arguments_, options)))
    const told = outputs.map(({ stdout }): Told => JSON.parse(stdout))

    expect(told.flatMap(({ failed }) => failed)).toEqual([])
    for (const { added, created, touched } of told) {
      for (const count of [added, created.length, touched]) expect(count).toBeGreaterThan(0)
    }
    const sum = await sessions.read(counter, context)
    if (typeof sum !== 'object') throw new Error('the counter is gone')
    expect(Buffer.from(sum.payload).readUInt32BE()).toBe(told.reduce((all, { added }) => all + added, 0))
    for (const each of told.flatMap(({ created }) => created)) {
      expect(await sessions.read(each, context)).toMatchObject({ version: 2 })
    }
    for (const each of told.flatMap(({ ended }) => ended)) {
      expect(await sessions.read(each, context)).toBe('revoked')
    }
    expect(await sessions.listBySubject('crowd', context)).toHaveLength(3)
    expect(files.connect(path).prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
    for (const { stoodMilliseconds } of told) expect(stoodMilliseconds.p99).toBeLessThan(50)
  }, 60_000)
})

interface Told {
  readonly created: readonly string[]
  readonly ended: readonly string[]
  readonly failed: readonly string[]
  readonly added: number
  readonly touched: number
  readonly stoodMilliseconds: { readonly p99: number; readonly longest: number }
}
