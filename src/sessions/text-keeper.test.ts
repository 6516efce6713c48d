import { describe, expect, it } from 'vitest'
import { ada, Browser, causeOf, cookiesOf, failing, overriding, service } from '../../test/sessions/kit.ts'
import type { SessionStore } from '../core/session-store.ts'
import { memorySessionStore } from '../stores/memory/session-store.ts'
import type { SessionUnavailable } from './errors.ts'

/** A browser whose session keeps a text. */
async function keeping(options: Parameters<typeof service>[0] = {}) {
  const made = service(options)
  const browser = new Browser()
  const result = await made.stored.login(browser.request(), ada, { subject: 'ada', kept: 'one' })
  browser.take(result.headers)
  return { ...made, browser, handle: result.session?.handle }
}

const textIn = async ({ stored, browser }: Awaited<ReturnType<typeof keeping>>) =>
  (await stored.readKept(browser.request()))?.text

describe('the text that a session keeps', () => {
  it('is what the login gave, and no handler, list or export shows it', async () => {
    const { stored, browser, handle, decide } = await keeping()
    const kept = await stored.readKept(browser.request())
    expect(kept).toEqual({ text: 'one', subject: 'ada', handle, isFixed: false })
    const seen = [await decide(browser), await stored.current(browser.request()), await stored.list('ada')]
    expect(JSON.stringify([...seen, await stored.exportSubject('ada')])).not.toContain('one')
  })

  it('is not there without a session, without a text, or when the session comes twice', async () => {
    const { stored, login } = service()
    const browser = new Browser()
    expect(await stored.readKept(browser.request())).toBeUndefined()
    await login(browser)
    expect(await stored.readKept(browser.request())).toBeUndefined()
    expect(await stored.replaceKept(browser.request(), 'one', 'two')).toBe(false)
  })

  it('stays when the data changes and when the session gets another key', async () => {
    const made = await keeping()
    const { stored, browser } = made
    browser.take((await stored.update(browser.request(), { count: 7 }))?.headers ?? [])
    expect(await textIn(made)).toBe('one')
    browser.take((await stored.rotate(browser.request(), { because: 'step-up' }))?.headers ?? [])
    expect(await textIn(made)).toBe('one')
    const change = await stored.rotate(browser.request(), { because: 'step-up', kept: 'after the step-up' })
    browser.take(change?.headers ?? [])
    expect(await textIn(made)).toBe('after the step-up')
    expect((await stored.current(browser.request()))?.data.count).toBe(7)
  })

  it('is replaced once of a hundred who saw the same', async () => {
    const made = await keeping()
    const { stored, browser } = made
    const tries = Array.from({ length: 100 }, (_, index) =>
      stored.replaceKept(browser.request(), 'one', `text ${index}`),
    )
    const won = (await Promise.all(tries)).flatMap((one, index) => (one ? [index] : []))
    expect(won).toHaveLength(1)
    expect(await textIn(made)).toBe(`text ${won[0]}`)
  })

  it('is replaced although another process changes the data meanwhile, and loses nothing of it', async () => {
    const store: SessionStore = memorySessionStore()
    const other = service({ store })
    let races = 0
    const made = await keeping({
      store: overriding(store, {
        replace: async (...call) => {
          if (races++ === 0) await other.stored.update(made.browser.request(), { count: 9 })
          return store.replace(...call)
        },
      }),
    })
    expect(await made.stored.replaceKept(made.browser.request(), 'one', 'two')).toBe(true)
    expect(races).toBe(2)
    expect(await textIn(made)).toBe('two')
    expect((await made.stored.current(made.browser.request()))?.data.count).toBe(9)
  })

  it('is not replaced by a key in grace, which says so', async () => {
    const { stored, browser } = await keeping()
    const old = browser.request()
    browser.take((await stored.rotate(browser.request(), { because: 'periodic' }))?.headers ?? [])
    expect(await stored.readKept(old)).toMatchObject({ text: 'one', isFixed: true })
    expect(await stored.replaceKept(old, 'one', 'two')).toBe(false)
    expect(await stored.endKept(old, 'one')).toBe(false)
    expect(await stored.readKept(browser.request())).toMatchObject({ text: 'one', isFixed: false })
  })

  it('ends the session only while it is the one that was seen', async () => {
    const { stored, browser, decide } = await keeping()
    const fields: string[] = []
    const request = { ...browser.request(), header: (name: string) => browser.request().header(name) }
    const respond = (headers: readonly (readonly [string, string])[]) => void fields.push(...cookiesOf(headers))
    expect(await stored.endKept({ ...request, respond }, 'none')).toBe(false)
    expect(fields).toEqual([])
    expect(await decide(browser)).toMatchObject({ kind: 'authenticated' })
    expect(await stored.endKept({ ...request, respond }, 'one')).toBe(true)
    expect(fields).toEqual([expect.stringContaining('__Host-session=; Max-Age=0')])
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'revoked' })
    expect(await stored.replaceKept(browser.request(), 'one', 'two')).toBe(false)
  })

  it('does not bring back a session that ended meanwhile', async () => {
    const { stored, browser, decide } = await keeping()
    await stored.revokeAll('ada')
    expect(await stored.replaceKept(browser.request(), 'one', 'two')).toBe(false)
    expect(causeOf(await decide(browser))).toMatchObject({ reason: 'unknown' })
  })

  it('may be long, but not longer than stores take together with the data', async () => {
    const made = await keeping()
    const { stored, browser } = made
    const long = 'k'.repeat(70_000)
    expect(await stored.replaceKept(browser.request(), 'one', long)).toBe(true)
    const data = { name: 'n'.repeat(20_000), count: 1 }
    await expect(stored.update(browser.request(), data)).rejects.toThrow('at most 80 KB together')
    await expect(stored.replaceKept(browser.request(), long, 'k'.repeat(90_000))).rejects.toThrow(TypeError)
    const again = stored.login(browser.request(), ada, { subject: 'ada', kept: 'k'.repeat(90_000) })
    await expect(again).rejects.toThrow(TypeError)
    expect(await textIn(made)).toBe(long)
  })

  it('must be a text that can be written', async () => {
    const { stored, browser } = await keeping()
    for (const kept of ['\ud800', 7 as never, null as never]) {
      await expect(stored.login(browser.request(), ada, { subject: 'ada', kept })).rejects.toThrow(TypeError)
    }
    await expect(stored.replaceKept(browser.request(), 'one', '\ud800')).rejects.toThrow(TypeError)
  })

  it('of a session whose store is down is unavailable', async () => {
    let isDown = false
    const { stored, browser } = await keeping({ store: failing(memorySessionStore(), () => isDown) })
    isDown = true
    const failed = { statusCode: 503, code: 'store-failed' } satisfies Partial<SessionUnavailable>
    await expect(stored.readKept(browser.request())).rejects.toMatchObject(failed)
    await expect(stored.replaceKept(browser.request(), 'one', 'two')).rejects.toMatchObject(failed)
    await expect(stored.endKept(browser.request(), 'one')).rejects.toMatchObject(failed)
  })
})
