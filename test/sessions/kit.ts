import { parseSetCookie } from 'cookie'
import { z } from 'zod'
import { authentication } from '../../src/core/authentication.ts'
import type { FaultEvent } from '../../src/core/events.ts'
import type { HeaderField, RequestSource } from '../../src/core/request.ts'
import type { Outcome } from '../../src/core/who.ts'
import { session } from '../../src/providers/session/session.ts'
import type { SessionsOptions } from '../../src/sessions/options.ts'
import { sessions } from '../../src/sessions/sessions.ts'
import { memoryRememberStore } from '../../src/stores/memory/remember-store.ts'
import { memorySessionStore } from '../../src/stores/memory/session-store.ts'
import { type TestRequestOptions, testRequest } from '../../src/testing/request.ts'

export const schema = z.object({ name: z.string(), count: z.number() })
export type Data = z.infer<typeof schema>
export const ada: Data = { name: 'ada', count: 0 }

/** A browser with a cookie jar for one origin. */
export class Browser {
  readonly cookies = new Map<string, string>()

  request(options: TestRequestOptions = {}): RequestSource {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const own = cookie === '' ? {} : { Cookie: cookie }
    const site = { 'Sec-Fetch-Site': 'same-origin' }
    return testRequest({ ...options, headers: { ...site, ...own, ...(options.headers as Record<string, string>) } })
  }

  take(fields: readonly HeaderField[]): void {
    for (const [name, line] of fields) {
      if (name !== 'Set-Cookie') continue
      const cookie = parseSetCookie(line)
      if (cookie.maxAge === 0) this.cookies.delete(cookie.name)
      else this.cookies.set(cookie.name, cookie.value ?? '')
    }
  }

  get session(): string | undefined {
    return this.cookies.get('__Host-session')
  }

  get remembered(): string | undefined {
    return this.cookies.get('__Host-session-remember')
  }
}

/** What an answer carries: of a refusal, or for a request that passed. */
export function fieldsOf(outcome: Outcome, status = 200): readonly HeaderField[] {
  if ('response' in outcome) return outcome.response.headers
  return outcome.amendments?.headers?.({ status, header: () => undefined }) ?? []
}

export function cookiesOf(fields: readonly HeaderField[]): readonly string[] {
  return fields.filter(([name]) => name === 'Set-Cookie').map(([, line]) => line)
}

export const START = 1_800_000_000

/** A service with stored sessions, a clock that stands still, and every store of it. */
export function service(options: Partial<SessionsOptions<Data>> = {}) {
  const clock = { now: START + 0.5 }
  const store = memorySessionStore()
  const rememberStore = memoryRememberStore()
  const faults: FaultEvent[] = []
  const stored = sessions<Data>({ store, schema, clock: () => clock.now, ...options } as SessionsOptions<Data>)
  const auth = authentication(
    { visitor: session({ sessions: stored }) },
    { clock: () => clock.now, listeners: [{ fault: (event) => faults.push(event) }] },
  )
  const decide = async (browser: Browser, request = browser.request()) => {
    const outcome = await auth.decide(request, 'visitor')
    browser.take(fieldsOf(outcome))
    return outcome
  }
  const login = async (browser: Browser, subject = 'ada', more: { remember?: boolean; data?: Data } = {}) => {
    const { data = ada, ...rest } = more
    const result = await stored.login(browser.request({ method: 'POST' }), data, { subject, ...rest })
    browser.take(result.headers)
    return result
  }
  return { clock, store, rememberStore, faults, stored, auth, decide, login }
}

/** The only cause of an outcome, without its class. */
export function causeOf(outcome: Outcome) {
  const [failure] = outcome.failures
  if (failure === undefined) return undefined
  const { cause } = failure
  switch (cause.kind) {
    case 'NoCredentials':
      return { kind: cause.kind }
    case 'InvalidCredentials':
      return { kind: cause.kind, reason: cause.reason, discardable: cause.discardable }
    case 'Error':
      return { kind: cause.kind, code: cause.code, retryable: cause.retryable }
  }
}

/** A store with some methods of its own. */
export function overriding<S extends object>(inner: S, own: Partial<S>): S {
  return new Proxy(inner, {
    get: (target, name) => {
      const method: unknown = Reflect.get(own, name) ?? Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}

/** A store that throws while it is down. */
export function failing<S extends object>(inner: S, isDown: () => boolean): S {
  return new Proxy(inner, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return (...call: unknown[]) => {
        if (isDown()) throw new Error('down')
        return method.apply(target, call)
      }
    },
  })
}

/** A browser whose session cookie has this value. */
export function holding(value: string): Browser {
  const browser = new Browser()
  browser.cookies.set('__Host-session', value)
  return browser
}
