import { describe, expect, it } from 'vitest'
import { ada, Browser, causeOf, service } from '../../test/sessions/kit.ts'
import { memoryRememberStore } from '../stores/memory/remember-store.ts'
import { memorySessionStore } from '../stores/memory/session-store.ts'

/** Customers and staff, whose sessions lie in one store. */
function twoKinds() {
  const store = memorySessionStore()
  const remember = { store: memoryRememberStore(), restore: () => ada }
  const kind = (name: string) => service({ store, remember, cookie: { name } })
  return { customers: kind('__Host-customer'), staff: kind('__Host-staff') }
}

async function loggedIn({ stored }: ReturnType<typeof service>): Promise<Browser> {
  const browser = new Browser()
  const { headers } = await stored.login(browser.request(), ada, { subject: 'ada', remember: true })
  browser.take(headers)
  return browser
}

/** What a browser keeps under one name, shown under another. */
function renamed(browser: Browser, from: string, to: string): Browser {
  const other = new Browser()
  other.cookies.set(to, browser.cookies.get(from) ?? '')
  return other
}

describe('two kinds of sessions in one store', () => {
  it('do not take each other’s cookies, although their data would fit', async () => {
    const { customers, staff } = twoKinds()
    const browser = await loggedIn(customers)
    const forged = renamed(browser, '__Host-customer', '__Host-staff')
    expect(causeOf(await staff.decide(forged))).toMatchObject({ kind: 'InvalidCredentials', reason: 'unknown' })
    expect(await staff.stored.current(forged.request())).toBeUndefined()
    await staff.stored.logout(forged.request())
    expect(await customers.decide(browser)).toMatchObject({ kind: 'authenticated' })
  })

  it('do not take each other’s remembered browsers, and do not take them for stolen', async () => {
    const { customers, staff } = twoKinds()
    const browser = await loggedIn(customers)
    browser.cookies.delete('__Host-customer')
    const forged = renamed(browser, '__Host-customer-remember', '__Host-staff-remember')
    expect(causeOf(await staff.decide(forged))).toMatchObject({ kind: 'InvalidCredentials', reason: 'unknown' })
    expect(await customers.decide(browser)).toMatchObject({ kind: 'authenticated' })
  })
})
