import { describe, expect, it } from 'vitest'
import { challengesOf, type Login, refusal, respond } from '../../../test/digest/client.ts'
import { authentication } from '../../core/authentication.ts'
import type { Attempt, Throttle } from '../../core/ports.ts'
import { testRequest } from '../../testing/request.ts'
import { digest } from './digest.ts'

/** A throttle that lets pass until it has seen so many wrong ones, and keeps what it was told. */
function service(limit = 2) {
  const told: string[] = []
  let wrong = 0
  const throttle: Throttle = {
    reserve: ({ account, address }: Attempt) => {
      told.push(`reserve ${account} ${address}`)
      if (wrong >= limit) return { ok: false, retryAfterSeconds: 7 }
      return {
        ok: true,
        settle: (success) => {
          if (!success) wrong += 1
          told.push(success ? 'right' : 'wrong')
        },
        release: () => {
          told.push('release')
        },
      }
    },
  }
  const secret = (username: string) => (username === 'Mufasa' ? 'Circle of Life' : null)
  const auth = authentication({ d: digest({ realm: 'r', secret, throttle, usernames: ['Mufasa'] }) })
  const challenged = async () => challengesOf(await auth.decide(testRequest(), 'd'))[0]
  const attempt = async (login: Partial<Login> = {}, challenge = challenged()) => {
    const header = respond(await challenge, { username: 'Mufasa', password: 'Circle of Life', ...login })
    return await auth.decide(testRequest({ headers: { Authorization: header } }), 'd')
  }
  return { told, challenged, attempt }
}

describe('digest() under a throttle', () => {
  it('counts wrong responses, and answers 429 without looking once there were too many', async () => {
    const { told, attempt } = service()
    expect(refusal(await attempt({ password: 'x' }))[1]).toBe('wrong-secret')
    expect(refusal(await attempt({ username: 'Scar' }))[1]).toBe('wrong-secret')
    const outcome = await attempt()
    expect(refusal(outcome)).toEqual([429, 'throttled', false])
    expect('response' in outcome && outcome.response.headers).toContainEqual(['Retry-After', '7'])
    expect(told).toEqual([
      'reserve Mufasa 192.0.2.1',
      'wrong',
      'reserve Scar 192.0.2.1',
      'wrong',
      'reserve Mufasa 192.0.2.1',
    ])
  })

  it('counts a hashed name under the account that it stands for', async () => {
    const { told, attempt } = service()
    expect((await attempt({ userhash: true })).kind).toBe('authenticated')
    expect(told).toEqual(['reserve Mufasa 192.0.2.1', 'right'])
  })

  it('takes neither a replayed nor a stale response for a proof that the sender knows the password', async () => {
    const { told, attempt, challenged } = service()
    const challenge = challenged()
    await attempt({}, challenge)
    await attempt({}, challenge)
    const foreign = { scheme: 'Digest', parameters: new Map((await challenge)?.parameters).set('nonce', 'none') }
    await attempt({}, Promise.resolve(foreign))
    expect(told.filter((word) => !word.startsWith('reserve'))).toEqual(['right', 'release', 'release'])
  })

  it('asks it for nothing where there is no response', async () => {
    const { told, challenged, attempt } = service()
    await challenged()
    await attempt({ send: { realm: 'other' } })
    await attempt({ send: { cnonce: null } })
    expect(told).toEqual([])
  })
})
