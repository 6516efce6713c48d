import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  base,
  cookieOf,
  current,
  type Data,
  jar,
  make,
  old,
  reasonOf,
  start,
  visit,
  withCookies,
} from '../../../test/sessions/sealed-kit.ts'
import { AuthenticationFailedCause } from '../../core/cause.ts'
import { createSealer } from '../../crypto/seal.ts'
import { testRequest } from '../../testing/request.ts'
import { sealedSessions } from './sealed-sessions.ts'

describe('a sealed session whose key was rotated', () => {
  it('is opened by the old key and sealed again under the first one, once', async () => {
    const cookie = await cookieOf(make({ keys: [old] }))
    const { outcome, cookies } = await visit(make(), withCookies(cookie), start + 60)
    expect(outcome.principal).toMatchObject({ data: { name: 'Anna' }, createdAt: start, expiresAt: start + 3600 })
    expect(jar(cookies)).toMatch(/^__Host-session=e1\.b\./)
    const again = await visit(make({ keys: [current] }), withCookies(jar(cookies)), start + 120)
    expect(again.outcome.principal).toEqual(outcome.principal)
    expect(again.cookies).toEqual([])
  })

  it('is not sealed again over what the handler set', async () => {
    const cookie = await cookieOf(make({ keys: [old] }))
    for (const fields of ['__Host-session=e1.x; Path=/', 'a=b; Path=/, __Host-session=; Max-Age=0']) {
      expect((await visit(make(), withCookies(cookie), start, fields)).cookies).toEqual([])
    }
    expect((await visit(make(), withCookies(cookie), start, 'a=b, __Host-session-2=x')).cookies).toHaveLength(1)
  })

  it('is over and deleted when the key was taken out', async () => {
    const cookie = await cookieOf(make({ keys: [old] }))
    expect(await reasonOf(make({ keys: [current] }), cookie)).toEqual(['unknown-key', true, true])
  })
})

describe('a sealed session with "idleSeconds"', () => {
  const sessions = make({ idleSeconds: 600 })

  it('is over after that time without a request', async () => {
    const cookie = await cookieOf(sessions)
    expect((await visit(sessions, withCookies(cookie), start + 599)).outcome).toMatchObject({ expiresAt: start + 1199 })
    expect(await reasonOf(sessions, cookie, start + 600)).toEqual(['expired', true, true])
  })

  it('is written again when a tenth has passed, and not before', async () => {
    const cookie = await cookieOf(sessions)
    const early = await visit(sessions, withCookies(cookie), start + 59)
    expect([early.cookies, early.outcome.kind === 'authenticated' && early.outcome.expiresAt]).toEqual([
      [],
      start + 600,
    ])
    const { cookies } = await visit(sessions, withCookies(cookie), start + 60)
    expect(await visit(sessions, withCookies(jar(cookies)), start + 659)).toMatchObject({
      outcome: { kind: 'authenticated' },
    })
    expect(await reasonOf(sessions, jar(cookies), start + 660)).toEqual(['expired', true, true])
  })

  it('ends at its absolute end however often it is used', async () => {
    let cookie = await cookieOf(sessions)
    for (let now = start; now < start + 3600; now += 500) {
      const { outcome, cookies } = await visit(sessions, withCookies(cookie), now)
      expect(outcome.kind).toBe('authenticated')
      cookie = jar(cookies) || cookie
    }
    expect((await visit(sessions, withCookies(cookie), start + 3599)).outcome).toMatchObject({
      expiresAt: start + 3600,
    })
    expect(await reasonOf(sessions, cookie, start + 3600)).toEqual(['expired', true, true])
  })

  it('ends earlier when a shorter time is set, at once', async () => {
    const cookie = await cookieOf(make())
    expect(await reasonOf(make({ absoluteSeconds: 60 }), cookie, start + 60)).toEqual(['expired', true, true])
  })
})

describe('a sealed session with "notBefore"', () => {
  it('is revoked when it began before, to the millisecond, and may live longer than 12 hours', async () => {
    const since = start + 0.5
    const at = (clock: number) => make({ absoluteSeconds: 86_400 * 30, notBefore: () => since, clock: () => clock })
    expect(await reasonOf(at(start), await cookieOf(at(start + 0.499)), start + 1)).toEqual(['revoked', true, true])
    const { outcome } = await visit(at(start), withCookies(await cookieOf(at(start + 0.5))), start + 1)
    expect(outcome.kind).toBe('authenticated')
    expect(await at(start + 9).replace(withCookies(await cookieOf(at(start))), { name: 'B' })).toBe(undefined)
  })

  it('asks for the subject, with a signal, also asynchronously, and lives where nothing is known', async () => {
    const asked: unknown[] = []
    const notBefore = async (subject: string, signal: AbortSignal) => void asked.push(subject, signal)
    const sessions = make({ notBefore })
    expect((await visit(sessions, withCookies(await cookieOf(sessions)))).outcome.kind).toBe('authenticated')
    expect(asked).toEqual(['anna', expect.any(AbortSignal)])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['answers no number', () => Number.NaN],
    ['answers what types forbid', () => JSON.parse('"2020-01-01"')],
  ])('is a 503 that leaves the cookie alone when it %s', async (_what, notBefore) => {
    const sessions = make({ notBefore })
    const { outcome, cause, cookies } = await visit(sessions, withCookies(await cookieOf(sessions)))
    expect([outcome.kind, cause?.kind === 'Error' && cause.retryable, cookies]).toEqual(['unavailable', true, []])
    await expect(sessions.replace(withCookies(await cookieOf(sessions)), { name: 'B' })).rejects.toThrow()
  })
})

describe('the data of a sealed session', () => {
  it('is migrated from an older version, sealed again as it is now, and over where nothing migrates it', async () => {
    const cookie = await cookieOf(make())
    const schema = z.object({ name: z.string(), theme: z.string() })
    const next = { ...base, schema, dataVersion: 2 }
    const migrate = (data: unknown, from: number) => ({
      ...z.object({ name: z.string() }).parse(data),
      theme: `v${from}`,
    })
    const migrating = sealedSessions({ ...next, migrate })
    const { outcome, cookies } = await visit(migrating, withCookies(cookie))
    expect(outcome.principal?.data).toEqual({ name: 'Anna', theme: 'v1' })
    const again = await visit(sealedSessions(next), withCookies(jar(cookies)))
    expect([again.outcome.principal?.data, again.cookies]).toEqual([{ name: 'Anna', theme: 'v1' }, []])
    const { cause, cookies: deleted } = await visit(sealedSessions(next), withCookies(cookie))
    expect([cause, jar(deleted)]).toMatchObject([{ reason: 'expired', discardable: true }, ''])
  })

  it.each([
    ['of a newer version', make({ dataVersion: 2 }), make()],
    ['whose migration throws', make(), make({ dataVersion: 2, migrate: () => JSON.parse('{') })],
    ['whose migration does not fit', make(), make({ dataVersion: 2, migrate: () => JSON.parse('{}') })],
  ])('is a 503 that leaves the cookie alone when it is one %s', async (_what, writer, reader) => {
    const { outcome, cause, cookies } = await visit(reader, withCookies(await cookieOf(writer)))
    expect([outcome.kind, cause?.kind === 'Error' && cause.retryable, cookies]).toEqual(['unavailable', true, []])
  })

  it('is a 503 when a later version of becauth sealed it, and over when it is none of ours', async () => {
    const sealed = async (content: unknown) =>
      `__Host-session=${await createSealer([current]).seal('session', '__Host-session', Buffer.from(JSON.stringify(content) ?? ''))}`
    const { cause } = await visit(make(), withCookies(await sealed([2, 'anything'])))
    expect(cause).toBeInstanceOf(AuthenticationFailedCause.Error)
    for (const content of [
      undefined,
      null,
      {},
      [],
      [0],
      [1],
      [1, 3, start, start, 1, 'a', {}],
      [1, 1, start, start, 1],
    ]) {
      expect(await reasonOf(make(), await sealed(content))).toEqual(['malformed-credential', true, true])
    }
  })

  it('must fit the schema when it is written, as it will be read', async () => {
    const dates = sealedSessions({ ...base, schema: z.object({ at: z.date() }) })
    const sentence = 'sealedSessions(): the data, made JSON and read again, must fit "schema"'
    await expect(dates.login(testRequest(), { at: new Date(0) }, { subject: 'a' })).rejects.toThrow(
      new TypeError(sentence),
    )
    const untyped: Data = JSON.parse('{"name":7}')
    await expect(make().login(testRequest(), untyped, { subject: 'a' })).rejects.toThrow(new TypeError(sentence))
    await expect(make().replace(withCookies(await cookieOf(make())), untyped)).rejects.toThrow(new TypeError(sentence))
  })

  it('may be checked asynchronously', async () => {
    const sessions = make({ schema: z.object({ name: z.string().refine(async (name) => name === 'Anna') }) })
    expect((await visit(sessions, withCookies(await cookieOf(sessions)))).outcome.principal?.data).toEqual({
      name: 'Anna',
    })
  })
})
