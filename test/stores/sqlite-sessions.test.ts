import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { type SqliteStore, sqliteStore } from '../../src/stores/sqlite/sqlite.ts'
import { rememberStoreContract } from '../../src/testing/remember-store-contract.ts'
import { sessionStoreContract } from '../../src/testing/session-store-contract.ts'
import { logoutWins } from '../sessions/logout-wins.ts'
import { drivers, sqliteFiles } from './sqlite-kit.ts'

const { open } = sqliteFiles()

describe.each(drivers())('sqliteStore() with a database of $name', (driver) => {
  const path = join(tmpdir(), `becauth-sqlite-${process.pid}-${driver.name.replace(':', '-')}.db`)
  const store = () => open(driver.connect(path))
  let first: SqliteStore

  beforeAll(() => {
    first = store()
  })
  afterAll(() => {
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
  })

  describe('sessions', () => {
    it.each(sessionStoreContract())('$title', ({ run }) =>
      run({ store: first.sessions, reopen: async () => store().sessions }),
    )
    it('ends a login that a logout overtakes in another process', () => logoutWins(first.sessions, store().sessions))
  })
  describe('remembered browsers', () => {
    it.each(rememberStoreContract())('$title', ({ run }) =>
      run({ store: first.remember, reopen: async () => store().remember }),
    )
  })
})

describe('sqliteStore() with a path', () => {
  const path = join(tmpdir(), `becauth-sqlite-${process.pid}-path.db`)
  let first: SqliteStore

  beforeAll(() => {
    first = open(path)
  })
  afterAll(() => {
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
  })

  it.each(sessionStoreContract())('$title', ({ run }) =>
    run({ store: first.sessions, reopen: async () => open(path).sessions }),
  )
  it.each(rememberStoreContract())('$title', ({ run }) =>
    run({ store: first.remember, reopen: async () => open(path).remember }),
  )
})

describe('sqliteStore() in memory', () => {
  const store = sqliteStore(':memory:')
  it.each(sessionStoreContract())('$title', ({ run }) => run({ store: store.sessions }))
  it.each(rememberStoreContract())('$title', ({ run }) => run({ store: store.remember }))
})
