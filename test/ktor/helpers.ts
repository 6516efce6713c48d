import {
  AuthenticationFailedCause,
  type AuthenticationProvider,
  type Awaitable,
  type Outcome,
  provider,
  type RequestSource,
  type Verdict,
} from 'becauth'
import { type TestRequestOptions, testRequest } from '../../src/testing/request.ts'

const { NoCredentials, InvalidCredentials } = AuthenticationFailedCause

/** A provider that always gives this answer. */
export function always(answer: Awaitable<Verdict<object>>): AuthenticationProvider<object> {
  return provider<object>({ challenge: { scheme: 'Custom' }, authenticate: () => answer })
}

export const right = (name = 'somebody'): AuthenticationProvider<object> => always({ principal: { name } })
export const absent = (): AuthenticationProvider<object> => always({ cause: NoCredentials })
export const wrong = (): AuthenticationProvider<object> => always({ cause: InvalidCredentials })
export const down = (): AuthenticationProvider<object> =>
  always({ cause: new AuthenticationFailedCause.Error('the directory is down') })

/** A provider whose answer is none of the allowed ones, as JavaScript may have it. */
export function silent(answer: unknown): AuthenticationProvider<object> {
  return provider<object>({
    challenge: { scheme: 'Custom' },
    authenticate: () => Reflect.get(Object({ answer }), 'answer'),
  })
}

export function authorized(value: string, options: TestRequestOptions = {}): RequestSource {
  return testRequest({ ...options, headers: [['Authorization', value]] })
}

export function basicHeader(text: string | Uint8Array): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

export function posted(body: string, type = 'application/x-www-form-urlencoded'): RequestSource {
  return testRequest({ method: 'POST', headers: { 'Content-Type': type }, body })
}

/** Status, challenges and causes: what most tests look at. */
export function seen(outcome: Outcome): {
  readonly status: number
  readonly challenges: readonly string[]
  readonly causes: readonly string[]
} {
  const causes = outcome.failures.map(({ provider: name, cause }) => {
    const reason = cause.kind === 'InvalidCredentials' && cause.reason !== undefined ? `/${cause.reason}` : ''
    return `${name}: ${cause.kind}${reason}`
  })
  if (!('response' in outcome)) return { status: 200, challenges: [], causes }
  const { status, headers } = outcome.response
  return {
    status,
    challenges: headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value),
    causes,
  }
}
