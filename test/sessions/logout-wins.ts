import { expect } from 'vitest'
import type { SessionStore } from '../../src/core/session-store.ts'
import { ada, Browser, service } from './kit.ts'

/**
 * Lets logouts by one process and logins by another race in a store that they share: whichever comes first, nobody whose
 * login was begun before the logout is logged in afterwards.
 */
export async function logoutWins(here: SessionStore, there: SessionStore): Promise<void> {
  const [one, two] = [service({ store: here }), service({ store: there })]
  const names = Array.from({ length: 20 }, (_, index) => `person ${index} ${Math.random()}`)
  const results = await Promise.all(
    names.map(async (subject, index) => {
      const login = () =>
        one.stored.login(new Browser().request(), ada, { subject, tags: [subject], begunAt: one.clock.now - 1 })
      const logout = () => two.stored.revokeTagged(subject, { holdLogins: true })
      const [first, second] = index % 2 === 0 ? [login(), logout()] : [logout(), login()]
      await Promise.all([first, second])
      return one.stored.list(subject)
    }),
  )
  expect(results.flat()).toEqual([])
  const later = { subject: names[0] ?? '', tags: [names[0] ?? ''], begunAt: one.clock.now + 1 }
  expect(await one.stored.login(new Browser().request(), ada, later)).toMatchObject({ kind: 'logged-in' })
}
