import { expect, it, vi } from 'vitest'
import { base, current, jar, make, old, withCookies } from '../../../test/sessions/sealed-kit.ts'
import { testRequest } from '../../testing/request.ts'

vi.resetModules()
vi.doMock('#crypto', () => import('../../crypto/web.ts'))
const web = await import('./sealed-sessions.ts')

it('sealed sessions on Web Crypto and on Node read, replace and refuse each other’s cookies', async () => {
  const portable = web.sealedSessions({ ...base, chunks: 2 })
  const native = make({ chunks: 2, keys: [old, current] })
  const { headers } = await portable.login(testRequest(), { name: 'x'.repeat(4000) }, { subject: 'anna' })
  const replaced = await native.replace(withCookies(jar(headers)), { name: 'from Node' })
  expect(replaced?.session).toMatchObject({ data: { name: 'from Node' }, subject: 'anna' })
  const again = await portable.replace(withCookies(jar(replaced?.headers)), { name: 'from the web' })
  expect(again?.session.data).toEqual({ name: 'from the web' })
  expect(await portable.replace(withCookies(`${jar(again?.headers)}A`), { name: 'forged' })).toBe(undefined)
})
