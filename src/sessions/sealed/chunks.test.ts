import { describe, expect, it } from 'vitest'
import { cookieOf, current, make, old, reasonOf, start, visit, withCookies } from '../../../test/sessions/sealed-kit.ts'
import { testRequest } from '../../testing/request.ts'

const two = make({ chunks: 2 })
const large = 'x'.repeat(4000)
const pairOf = (cookie: string): readonly [string, string] => {
  const [first = '', second = ''] = cookie.split('; ')
  return [first, second]
}

/** The longest name that still goes, found by trying. */
async function longest(chunks: 1 | 2): Promise<{ readonly length: number; readonly cookie: string }> {
  let [fits, fails] = [0, 8000]
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1
    const went = await cookieOf(make({ chunks }), 'x'.repeat(middle)).then(
      () => true,
      () => false,
    )
    if (went) fits = middle
    else fails = middle
  }
  return { length: fits, cookie: await cookieOf(make({ chunks }), 'x'.repeat(fits)) }
}

describe('a sealed session that is large', () => {
  it('goes into one cookie of up to 3,900 bytes, and is a TypeError beyond', async () => {
    const { length, cookie } = await longest(1)
    expect(cookie.length).toBeGreaterThan(3896)
    expect(cookie.length).toBeLessThanOrEqual(3900)
    expect((await visit(make(), withCookies(cookie))).outcome.kind).toBe('authenticated')
    await expect(make().login(testRequest(), { name: 'x'.repeat(length + 1) }, { subject: 'anna' })).rejects.toThrow(
      new TypeError(
        'sealedSessions(): the session is too large for a cookie of 3,900 bytes; keep less in it or set "chunks" to 2',
      ),
    )
    await expect(make().replace(withCookies(cookie), { name: 'x'.repeat(length + 1) })).rejects.toThrow(TypeError)
  })

  it('goes into two cookies of up to 3,900 bytes each where that is set, and is a TypeError beyond', async () => {
    const { length, cookie } = await longest(2)
    const cookies = pairOf(cookie)
    expect(cookies[0]).toMatch(/^__Host-session=e1\./)
    expect(cookies[1]).toMatch(/^__Host-session-2=/)
    for (const each of cookies) {
      expect(each.length).toBeGreaterThan(3890)
      expect(each.length).toBeLessThanOrEqual(3900)
    }
    expect((await visit(two, withCookies(cookie))).outcome.principal?.data.name).toHaveLength(length)
    await expect(two.login(testRequest(), { name: 'x'.repeat(length + 1) }, { subject: 'anna' })).rejects.toThrow(
      new TypeError('sealedSessions(): the session is too large for two cookies of 3,900 bytes; keep less in it'),
    )
  })

  it('is read at every length around the end of the first cookie', async () => {
    const { length } = await longest(1)
    for (let more = -6; more <= 6; more++) {
      const name = 'x'.repeat(length + more)
      const cookie = await cookieOf(two, name)
      expect((await visit(two, withCookies(cookie))).outcome.principal?.data.name, `${more}`).toBe(name)
      const leftover = `${pairOf(cookie)[0]}; __Host-session-2=left-over`
      const alone = pairOf(cookie)[1] === ''
      expect((await visit(two, withCookies(leftover))).outcome.kind).toBe(alone ? 'authenticated' : 'rejected')
    }
  })

  it('deletes the second cookie with every write that does not need it, and with every deletion', async () => {
    const deletion = ['Set-Cookie', expect.stringMatching(/^__Host-session-2=; Max-Age=0; /)]
    const { headers } = await two.login(testRequest(), { name: 'short' }, { subject: 'anna' })
    expect(headers).toEqual([['Set-Cookie', expect.stringMatching(/^__Host-session=e1/)], deletion])
    const cookie = await cookieOf(two, large)
    const replaced = await two.replace(withCookies(cookie), { name: 'short' })
    expect(replaced?.headers[1]).toEqual(deletion)
    expect((await two.logout(testRequest())).headers[1]).toEqual(deletion)
    const expired = await visit(two, withCookies(cookie), start + 3600)
    expect(expired.cookies).toEqual([['Set-Cookie', expect.stringMatching(/^__Host-session=; Max-Age=0; /)], deletion])
    const stale = await cookieOf(make({ chunks: 2, keys: [old] }))
    const { cookies } = await visit(two, withCookies(stale))
    expect(cookies).toEqual([['Set-Cookie', expect.stringMatching(/^__Host-session=e1\.b\./)], deletion])
  })

  it('is refused when a half is missing, exchanged, doubled, or both are in one cookie', async () => {
    const [first, second] = pairOf(await cookieOf(two, large))
    const [otherFirst, otherSecond] = pairOf(await cookieOf(two, large))
    const gone = [expect.stringMatching(/^(?:bad-signature|malformed-credential)$/), true, true]
    expect(await reasonOf(two, first)).toEqual(gone)
    expect(await reasonOf(two, `${first}; ${otherSecond}`)).toEqual(gone)
    expect(await reasonOf(two, `${otherFirst}; ${second}`)).toEqual(gone)
    expect(await reasonOf(two, second)).toBe('NoCredentials')
    expect(await reasonOf(two, `${first}; ${second}; ${second}`)).toEqual(['malformed-credential', false, false])
    const merged = first + second.slice('__Host-session-2='.length)
    expect(await reasonOf(two, merged)).toEqual(['malformed-credential', true, true])
    expect(await reasonOf(make(), merged)).toEqual(['malformed-credential', true, true])
    expect((await visit(two, withCookies(`${second}; ${first}`))).outcome.kind).toBe('authenticated')
  })

  it('goes on under the old key when it has no room to be sealed again', async () => {
    const { length } = await longest(1)
    const cookie = await cookieOf(make({ keys: [old] }), 'x'.repeat(length))
    const longer = make({ keys: [{ ...current, id: 'a-longer-key-id' }, old] })
    const { outcome, cookies } = await visit(longer, withCookies(cookie))
    expect([outcome.kind, cookies]).toEqual(['authenticated', []])
  })
})
