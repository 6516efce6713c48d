import { describe, expect, it, vi } from 'vitest'
import { challengesOf, infoOf, type Login, refusal, respond } from '../../../test/digest/client.ts'
import { authentication } from '../../core/authentication.ts'
import { type TestRequestOptions, testRequest } from '../../testing/request.ts'
import { type DigestOptions, digest } from './digest.ts'

vi.mock('#crypto', () => import('../../crypto/web.ts'))

const secret = (username: string) => (username === 'Mufasa' ? 'Circle of Life' : null)
const mufasa = { username: 'Mufasa', password: 'Circle of Life' }

function service(options: Partial<DigestOptions> = {}) {
  const clock = { now: 1_000_000 }
  const auth = authentication({ d: digest({ realm: 'r', secret, ...options }) }, { clock: () => clock.now })
  const ask = async (headers: Record<string, string> = {}, request: TestRequestOptions = {}) =>
    await auth.decide(testRequest({ ...request, headers }), 'd')
  const challenged = async () => challengesOf(await ask())[0]
  const answer = async (login: Partial<Login> = {}, challenge = challenged(), request: TestRequestOptions = {}) =>
    await ask({ Authorization: respond(await challenge, { ...mufasa, ...login }) }, request)
  return { clock, ask, challenged, answer }
}

describe('digest() on Web Crypto', () => {
  it.each(['SHA-256', 'SHA-256-sess'] as const)('lets in by %s, once for each count', async (algorithm) => {
    const { answer, challenged } = service({ algorithms: [algorithm] })
    const challenge = challenged()
    const outcome = await answer({}, challenge)
    expect(outcome).toMatchObject({ kind: 'authenticated', principal: { name: 'Mufasa' } })
    expect(infoOf(outcome)?.get('rspauth')).toHaveLength(64)
    expect(refusal(await answer({}, challenge))).toEqual([401, 'replayed', true])
    expect((await answer({ nc: 2 }, challenge)).kind).toBe('authenticated')
  })

  it('refuses a wrong password, somebody unknown, another nonce and what it cannot read', async () => {
    const { answer, ask, challenged } = service()
    expect(refusal(await answer({ password: 'x' }))).toEqual([401, 'wrong-secret', false])
    expect(refusal(await answer({ username: 'Scar' }))).toEqual([401, 'wrong-secret', false])
    const parameters = new Map((await challenged())?.parameters).set('nonce', 'A'.repeat(52))
    expect(refusal(await answer({}, Promise.resolve({ scheme: 'Digest', parameters })))).toEqual([401, 'expired', true])
    const outcome = await ask({ Authorization: 'Digest x' })
    expect(refusal(outcome)).toEqual([400, 'malformed-request', false])
    expect(challengesOf(outcome)[0]?.parameters?.get('nonce')).toHaveLength(52)
  })

  it('knows nonces by every key of its ring, and gives the next when one ages', async () => {
    const [old, current] = ['o'.repeat(32), 'c'.repeat(32)]
    const before = service({ nonceKeys: [old] })
    const after = service({ nonceKeys: [current, old] })
    const challenge = before.challenged()
    await challenge
    after.clock.now += 200
    expect(infoOf(await after.answer({}, challenge))?.get('nextnonce')).toHaveLength(52)
    expect(refusal(await before.answer({}, after.challenged()))).toEqual([401, 'expired', true])
  })

  it('finds hashed names, among names that are asked for at once', async () => {
    const { answer } = service({ usernames: ['Scar', 'Mufasa'] })
    const outcomes = await Promise.all([answer({ userhash: true }), answer({ userhash: true })])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['authenticated', 'authenticated'])
  })

  it('checks a body for auth-int, and leaves out the proof of its own, which would come too late', async () => {
    const { answer, challenged } = service({ qop: ['auth-int'] })
    const login = { method: 'POST', qop: 'auth-int', body: 'a' } as const
    const outcome = await answer(login, challenged(), { method: 'POST', body: 'a' })
    expect([...(infoOf(outcome, new Uint8Array())?.keys() ?? [])]).toEqual(['qop', 'nc', 'cnonce'])
    expect(refusal(await answer(login, challenged(), { method: 'POST', body: 'b' }))).toEqual([
      401,
      'wrong-secret',
      false,
    ])
  })

  it.each(['MD5', 'MD5-sess', 'SHA-512-256', 'SHA-512-256-sess'] as const)(
    'says at construction that it has no %s',
    (name) => {
      expect(() => service({ algorithms: ['SHA-256', name] })).toThrow(
        new TypeError(`digest(): "algorithms" has ${name}, which this runtime cannot compute`),
      )
    },
  )
})
