import { authentication, type RequestSource } from 'becauth'
import { basic } from 'becauth/basic'
import { form } from 'becauth/form'
import { testRequest } from 'becauth/testing'
import type { AuthenticationOptions, Outcome } from '../../src/index.ts'
import { type ThrottleOptions, throttle } from '../../src/throttle/throttle.ts'

const key = 'k'.repeat(32)

/** A service with one account, `ada` with the password `right`, which counts how often passwords are looked at. */
export function service(options: Omit<ThrottleOptions, 'key'>, surroundings: AuthenticationOptions = {}) {
  const seen = { passwords: 0 }
  const shared = throttle({ key, ...options })
  const validate = async ({ username, password }: { username: string; password: string }) => {
    seen.passwords++
    await Promise.resolve()
    return username === 'ada' && password === 'right' ? { name: username } : null
  }
  const auth = authentication(
    {
      basic: basic({ realm: 'staff', throttle: shared, validate }),
      form: form({ throttle: shared, validate }),
    },
    { ...(options.clock === undefined ? {} : { clock: options.clock }), ...surroundings },
  )
  return {
    seen,
    basic: (password: string, peer?: string) => auth.decide(withBasic('ada', password, peer), 'basic'),
    form: (password: string, from: From = {}) => auth.decide(withForm(from.account ?? 'ada', password, from), 'form'),
    decide: (request: RequestSource) => auth.decide(request, 'basic'),
  }
}

interface From {
  readonly account?: string
  readonly peer?: string
  readonly cookie?: string
}

export function withBasic(name: string, password: string, peer?: string, headers = {}): RequestSource {
  const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
  return testRequest({ peer, headers: { authorization, ...headers } })
}

function withForm(account: string, password: string, { peer, cookie }: From): RequestSource {
  const body = new URLSearchParams({ user: account, password }).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return testRequest({ method: 'POST', peer, body, headers: cookie === undefined ? type : { ...type, cookie } })
}

/** 200 for whoever was let in, else the status of the refusal. */
export function statusOf(outcome: Outcome): number {
  return 'response' in outcome ? outcome.response.status : 200
}

export function retryAfterOf(outcome: Outcome): number | undefined {
  if (!('response' in outcome)) return undefined
  const field = outcome.response.headers.find(([name]) => name === 'Retry-After')
  return field && Number(field[1])
}

/** The cookie that the answer to an accepted request sets, as a browser sends it back. */
export function cookieOf(outcome: Outcome): string | undefined {
  if ('response' in outcome) return undefined
  const fields = outcome.amendments?.headers?.({ status: 200, header: () => undefined }) ?? []
  return fields.find(([name]) => name === 'Set-Cookie')?.[1].split(';')[0]
}

/** How often each status came. */
export function tally(outcomes: readonly Outcome[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const outcome of outcomes) counts[statusOf(outcome)] = (counts[statusOf(outcome)] ?? 0) + 1
  return counts
}
