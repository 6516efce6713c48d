import { describe, expect, it } from 'vitest'
import { rememberStoreContract } from '../../testing/remember-store-contract.ts'
import { sessionStoreContract } from '../../testing/session-store-contract.ts'
import { memoryRememberStore } from './remember-store.ts'
import { memorySessionStore } from './session-store.ts'

describe('memorySessionStore()', () => {
  const store = memorySessionStore()
  it.each(sessionStoreContract())('$title', ({ run }) => run({ store }))

  it('keeps nothing that the contract left behind once it is over', () => {
    const later = { now: () => Date.now() / 1000 + 100_000 }
    while (store.sweep(100, later) > 0);
    expect(store.size).toBe(0)
    expect(store.sweep(1, later)).toBe(0)
  })
})

describe('memoryRememberStore()', () => {
  const store = memoryRememberStore()
  it.each(rememberStoreContract())('$title', ({ run }) => run({ store }))

  it('keeps nothing that the contract left behind once it is over', () => {
    const later = { now: () => Date.now() / 1000 + 100_000 }
    while (store.sweep(100, later) > 0);
    expect(store.size).toBe(0)
  })
})
