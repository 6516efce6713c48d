import { describe, expect, it } from 'vitest'
import { Browser, cookiesOf, fieldsOf, holding, service } from '../../../test/sessions/kit.ts'
import { authentication } from '../../core/authentication.ts'
import { session } from './session.ts'

const navigating = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
const unknown = 's1.AAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA'
const deletion = '__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'

describe('session() with a challenge', () => {
  const { stored } = service()

  it('sends a navigation to the login page, with the way back', async () => {
    const auth = authentication({ visitor: session({ sessions: stored, challenge: { redirect: '/login' } }) })
    const outcome = await auth.decide(holding(unknown).request({ target: '/me?x=1', headers: navigating }), 'visitor')
    expect(outcome).toMatchObject({ response: { status: 302 } })
    expect(fieldsOf(outcome)).toContainEqual(['Location', '/login?returnTo=%2Fme%3Fx%3D1'])
    expect(cookiesOf(fieldsOf(outcome))).toEqual([deletion])
    const script = await auth.decide(holding(unknown).request({ target: '/me' }), 'visitor')
    expect(script).toMatchObject({ response: { status: 401 } })
  })

  it('shows a person the page', async () => {
    const auth = authentication({ visitor: session({ sessions: stored, challenge: { page: '<form>' } }) })
    const outcome = await auth.decide(new Browser().request({ headers: navigating }), 'visitor')
    expect(outcome).toMatchObject({ response: { status: 401, body: '<form>' } })
  })

  it('D26, F25: tells a function why the session that came was rejected, which nobody else saw', async () => {
    const told: unknown[] = []
    const auth = authentication({
      visitor: session({
        sessions: stored,
        challenge: (cause) => {
          told.push(cause.kind === 'InvalidCredentials' ? cause.reason : cause.kind)
          return { redirect: cause.kind === 'NoCredentials' ? '/welcome' : '/again', always: true }
        },
      }),
    })
    const first = await auth.decide(new Browser().request(), 'visitor')
    expect(fieldsOf(first)).toContainEqual(['Location', '/welcome'])
    const again = await auth.decide(holding(unknown).request(), 'visitor')
    expect(fieldsOf(again)).toContainEqual(['Location', '/again'])
    expect(told).toEqual(['NoCredentials', 'unknown'])
  })
})
