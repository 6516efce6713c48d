import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { cookieOf, current, jar, make, reasonOf, start, visit, withCookies } from '../../../test/sessions/sealed-kit.ts'
import { authentication } from '../../core/authentication.ts'
import type { HeaderField } from '../../core/request.ts'
import { createSealer } from '../../crypto/seal.ts'
import { session } from '../../providers/session/session.ts'
import { testRequest } from '../../testing/request.ts'

describe('sealedSessions()', () => {
  it('logs in with one cookie that a browser keeps from everybody else', async () => {
    const { headers, session } = await make().login(testRequest(), { name: 'Anna' }, { subject: 'anna' })
    expect(session).toEqual({
      data: { name: 'Anna' },
      subject: 'anna',
      createdAt: start,
      expiresAt: start + 3600,
      authenticatedAt: start,
      acr: undefined,
      amr: [],
    })
    expect(headers).toEqual([['Set-Cookie', expect.stringMatching(/^__Host-session=e1\.b\.[\w-]{22}\.[\w-]+; /)]])
    expect(headers[0]?.[1].split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
  })

  it('finds the session again on another process, until its absolute end', async () => {
    const cookie = await cookieOf(make())
    const { outcome, cookies } = await visit(make(), withCookies(cookie), start + 3599)
    expect(outcome).toMatchObject({
      kind: 'authenticated',
      principal: { data: { name: 'Anna' }, subject: 'anna', createdAt: start },
      expiresAt: start + 3600,
    })
    expect(cookies).toEqual([])
    expect(await reasonOf(make(), cookie, start + 3600)).toEqual(['expired', true, true])
  })

  it('gives the answer to a request the cookie by itself, where the request can', async () => {
    const answer: HeaderField[] = []
    const request = { ...testRequest(), respond: (fields: readonly HeaderField[]) => void answer.push(...fields) }
    const { headers } = await make().login(request, { name: 'Anna' }, { subject: 'anna' })
    expect(answer).toEqual(headers)
    await make().logout(request)
    expect(answer).toHaveLength(3)
  })

  it('says NoCredentials without a cookie', async () => {
    expect(await reasonOf(make(), 'other=1')).toBe('NoCredentials')
  })

  it('lets a persistent cookie end when the session does', async () => {
    const sessions = make({ cookie: { persistent: true } })
    const { headers } = await sessions.login(testRequest(), { name: 'Anna' }, { subject: 'anna' })
    expect(headers[0]?.[1]).toContain('; Max-Age=3600;')
    const later = make({ cookie: { persistent: true }, clock: () => start + 600 })
    expect((await later.replace(withCookies(jar(headers)), { name: 'B' }))?.headers[0]?.[1]).toContain(
      '; Max-Age=3000;',
    )
  })

  it('replaces the data, and the session ends no later for it', async () => {
    const cookie = await cookieOf(make())
    const replaced = await make({ clock: () => start + 600 }).replace(withCookies(cookie), { name: 'Berta' })
    const { outcome } = await visit(make(), withCookies(jar(replaced?.headers)), start + 700)
    expect(outcome.principal).toMatchObject({ data: { name: 'Berta' }, subject: 'anna', expiresAt: start + 3600 })
  })

  it('replaces nothing where there is no live session', async () => {
    const cookie = await cookieOf(make())
    expect(await make().replace(testRequest(), { name: 'B' })).toBe(undefined)
    expect(await make().replace(withCookies(`${cookie}x`), { name: 'B' })).toBe(undefined)
    expect(await make().replace(withCookies(`${cookie}; ${cookie}`), { name: 'B' })).toBe(undefined)
    expect(await make({ clock: () => start + 3600 }).replace(withCookies(cookie), { name: 'B' })).toBe(undefined)
  })

  it('lets the last of two parallel writers win', async () => {
    const cookie = await cookieOf(make())
    const [first, last] = await Promise.all(
      ['first', 'last'].map((name) => make().replace(withCookies(cookie), { name })),
    )
    expect(jar(first?.headers)).not.toBe(jar(last?.headers))
    expect((await visit(make(), withCookies(jar(last?.headers)))).outcome.principal?.data.name).toBe('last')
  })

  it('logs out by deleting the cookie and the browser’s cached pages', async () => {
    expect((await make().logout(testRequest())).headers).toEqual([
      ['Set-Cookie', expect.stringMatching(/^__Host-session=; Max-Age=0; Path=\/; .*Secure/)],
      ['Clear-Site-Data', '"cache"'],
    ])
    const insecure = make({ cookie: { dangerouslyAllowInsecureCookie: true } })
    expect((await insecure.logout(testRequest())).headers).toEqual([
      ['Set-Cookie', expect.stringMatching(/^session=; Max-Age=0; (?!.*Secure)/)],
    ])
  })

  it('lets the same request see its login, its replacement and its logout, and deletes nothing after them', async () => {
    const sessions = make({ clock: () => start + 4000 })
    const expired = withCookies(await cookieOf(make()))
    const auth = authentication({ visitor: session({ sessions }) }, { clock: () => start + 4000 })
    const before = await auth.decide(expired, auth.optional('visitor'))
    expect(before.kind).toBe('anonymous')
    await sessions.login(expired, { name: 'Anna' }, { subject: 'anna' })
    expect((await auth.decide(expired, 'visitor')).principal).toEqual({ name: 'Anna' })
    const response = { status: 200, header: () => undefined }
    expect(before.kind === 'anonymous' && before.amendments?.headers?.(response)).toEqual([])
    await sessions.replace(expired, { name: 'Berta' })
    expect((await auth.decide(expired, 'visitor')).principal).toEqual({ name: 'Berta' })
    await sessions.logout(expired)
    expect((await auth.decide(expired, 'visitor')).failures[0]?.cause.kind).toBe('NoCredentials')
    expect(await sessions.replace(expired, { name: 'C' })).toBe(undefined)
  })

  it.each([
    ['expired', () => cookieOf(make({ clock: () => start - 3600 }))],
    ['under a key that was taken out', () => cookieOf(make({ keys: [{ id: 'gone', key: 'x'.repeat(32) }] }))],
    ['altered', async () => `${await cookieOf(make())}AAAA`],
  ])('makes an optional route anonymous, and deletes the cookie, when the session is %s', async (_what, cookie) => {
    const auth = authentication({ visitor: session({ sessions: make() }) }, { clock: () => start })
    const outcome = await auth.decide(withCookies(await cookie()), auth.optional('visitor'))
    const response = { status: 200, header: () => undefined }
    expect(outcome.kind === 'anonymous' && outcome.amendments?.headers?.(response)).toEqual([
      ['Set-Cookie', expect.stringMatching(/^__Host-session=; Max-Age=0; /)],
    ])
  })

  it('refuses a cookie that comes twice and deletes neither', async () => {
    const cookie = await cookieOf(make())
    expect(await reasonOf(make(), `${cookie}; ${cookie}`)).toEqual(['malformed-credential', false, false])
  })
})

describe('sealedSessions() and forgers', () => {
  it('F24, D37: refuses every flipped bit of the cookie, the IV’s included, and deletes it', async () => {
    const cookie = await cookieOf(make(), 'x')
    const name = '__Host-session='.length
    for (let index = name; index < cookie.length; index++) {
      for (let bit = 0; bit < 7; bit++) {
        const forged = `${cookie.slice(0, index)}${String.fromCharCode(cookie.charCodeAt(index) ^ (1 << bit))}${cookie.slice(index + 1)}`
        const { outcome, cause } = await visit(make(), withCookies(forged))
        expect(outcome.kind, `bit ${bit} of character ${index}`).toBe('rejected')
        expect(cause).toMatchObject({ kind: 'InvalidCredentials', discardable: true })
      }
    }
  })

  it('F24b: refuses a session of another cookie, of another purpose, of another key, and past its time', async () => {
    const other = make({ cookie: { name: '__Host-other' } })
    const moved = (await cookieOf(other)).replace('__Host-other=', '__Host-session=')
    expect(await reasonOf(make(), moved)).toEqual(['bad-signature', true, true])
    const purpose = createSealer([current]).seal('oauth', '__Host-session', new Uint8Array(40))
    expect(await reasonOf(make(), `__Host-session=${await purpose}`)).toEqual(['bad-signature', true, true])
    const stranger = make({ keys: [{ id: 'b', key: 'another key under the same id, 32 B' }] })
    expect(await reasonOf(make(), await cookieOf(stranger))).toEqual(['bad-signature', true, true])
    expect(await reasonOf(make(), await cookieOf(make()), start + 3600)).toEqual(['expired', true, true])
  })

  it('D38: believes no cookie that it did not seal', async () => {
    for (const value of [
      '{"name":"Anna"}',
      '%7B%22name%22%3A%22Anna%22%7D',
      'name=%23sAnna',
      'eyJuYW1lIjoiQW5uYSJ9',
      '',
    ]) {
      expect(await reasonOf(make(), `__Host-session=${value}`)).toEqual(['malformed-credential', true, true])
    }
  })

  it('D63: shows nothing of a session in causes, events, faults and errors', async () => {
    const canary = 'canary-7f3a'
    const strict = make({ schema: z.object({ name: z.string().max(3, { error: () => canary }) }) })
    const cookie = await cookieOf(make(), canary)
    const { outcome, cause, events, faults } = await visit(strict, withCookies(cookie))
    expect(cause).toMatchObject({ reason: 'malformed-credential', discardable: true })
    expect(faults).toEqual(['provider-fault'])
    const thrown = await strict.login(testRequest(), { name: canary }, { subject: 'anna' }).catch((error) => error)
    const large = await make()
      .login(testRequest(), { name: canary.repeat(999) }, { subject: 'a' })
      .catch((error) => error)
    expect([thrown, large]).toEqual([expect.any(TypeError), expect.any(TypeError)])
    const said =
      JSON.stringify([outcome, events]) + [thrown, large].map((error) => `${error.stack}${error.cause}`).join()
    expect(said).not.toContain(canary)
    expect(said).not.toContain(cookie.slice(-20))
  })

  it('answers any value of the cookie with a refusal that deletes it, never with an error', async () => {
    const value = fc.oneof(fc.string({ unit: fc.constantFrom(...'e1.b-_AZaz09+/= "%{}') }), fc.base64String())
    await fc.assert(
      fc.asyncProperty(value, async (text) => {
        const { outcome, cause } = await visit(make(), withCookies(`__Host-session=${text.replaceAll(';', '')}`))
        expect(outcome.kind).toBe('rejected')
        expect(cause).toMatchObject({ kind: 'InvalidCredentials', discardable: true })
      }),
      { numRuns: 200 },
    )
  })
})
