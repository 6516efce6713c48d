import { describe, expect, it } from 'vitest'
import { service } from '../../../test/sessions/kit.ts'
import { memorySessionStore } from '../../stores/memory/session-store.ts'
import { session } from './session.ts'

describe('the options of session() and sessions()', () => {
  const store = memorySessionStore()

  it.each([
    [{ store: undefined }, '"store"'],
    [{ schema: {} }, '"schema"'],
    [{ dataVersion: 0 }, '"dataVersion"'],
    [{ migrate: 1 }, '"migrate"'],
    [{ idleSeconds: 0.5 }, '"idleSeconds"'],
    [{ absoluteSeconds: -1 }, '"absoluteSeconds"'],
    [{ idleSeconds: 100, touchEverySeconds: 100 }, '"touchEverySeconds"'],
    [{ maxConcurrent: { limit: 0, onExceed: 'refuse' } }, '"maxConcurrent.limit"'],
    [{ maxConcurrent: { limit: 1, onExceed: 'newest' } }, '"maxConcurrent.onExceed"'],
    [{ cookie: { name: 'a b' } }, '"cookie.name"'],
    [{ cookie: { sameSite: 'None' } }, '"cookie.sameSite"'],
    [{ cookie: { name: '__Host-x', dangerouslyAllowInsecureCookie: true } }, 'dangerouslyAllowInsecureCookie'],
    [{ cookie: { embed: true, dangerouslyAllowInsecureCookie: true } }, 'dangerouslyAllowInsecureCookie'],
    [{ header: 'Authorization' }, '"header"'],
    [{ header: 'X-S', remember: { store, restore: (): null => null } }, '"remember"'],
    [{ remember: { store, restore: (): null => null } }, '"remember.store"'],
    [{ timeoutSeconds: 0 }, '"timeoutSeconds"'],
  ])('are refused in a sentence: %j', (options, named) => {
    expect(() => service(options as never)).toThrow(TypeError)
    expect(() => service(options as never)).toThrow(named)
  })

  it.each([
    [undefined, 'wants an object'],
    [{}, '"sessions"'],
    [{ sessions: service().stored, realm: '' }, '"realm"'],
    [{ sessions: service().stored, validate: 1 }, '"validate"'],
    [{ sessions: service().stored, challenge: { redirect: '//x' } }, 'session(): "challenge.redirect"'],
  ])('of session() are refused in a sentence: %j', (options, named) => {
    expect(() => session(options as never)).toThrow(TypeError)
    expect(() => session(options as never)).toThrow(named)
  })
})
