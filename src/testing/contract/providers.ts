import { AuthenticationFailedCause, invalidCredentials } from '../../core/cause.ts'
import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type Awaitable,
  type Grant,
  type ProviderOptions,
  provider,
  type Verdict,
} from '../../core/provider.ts'
import { absent } from '../../core/validate.ts'
import { parseAuthorization } from '../../wire/authorization.ts'
import type { Challenge } from '../../wire/challenges.ts'
import { cookieValues } from '../../wire/cookies.ts'
import { parseMediaType } from '../../wire/media-type.ts'

/** The principal of every provider here. */
export interface Person {
  readonly id: string
}

const formType = 'application/x-www-form-urlencoded'

/** The one secret that no provider here accepts. */
export const wrong = 'wrong'

const invalidToken: Challenge = {
  scheme: 'Bearer',
  parameters: [
    ['realm', 'api'],
    ['error', 'invalid_token'],
  ],
}

/** Bearer tokens that are the name of their owner. Answers at once. */
export function bearer(grant: Grant = {}): AuthenticationProvider<Person> {
  return provider({
    challenge: { scheme: 'Bearer', parameters: [['realm', 'api']] },
    malformedRequestStatus: 400,
    authenticate: ({ request }): Verdict<Person> => {
      const value = request.header('authorization')
      if (value === undefined || !/^bearer(?: |$)/i.test(value)) return absent
      const token = parseAuthorization(value)?.token68
      if (token === undefined) return { cause: invalidCredentials('malformed-request') }
      if (token === wrong) return { cause: invalidCredentials('unknown'), challenges: [invalidToken] }
      return { principal: { id: token }, ...grant }
    },
  })
}

/** The same over promises. */
export function slowBearer(grant: Grant = {}): AuthenticationProvider<Person> {
  const { authenticate, challenge } = bearer(grant)
  return provider({ challenge, authenticate: async (context) => authenticate(context) })
}

/** Basic whose encoded credential is the name of its owner; a browser may attach it. */
export function basicLike(): AuthenticationProvider<Person> {
  return provider({
    challenge: {
      scheme: 'Basic',
      parameters: [
        ['realm', 'staff'],
        ['charset', 'UTF-8'],
      ],
    },
    authenticate: ({ request }): Verdict<Person> => {
      const value = request.header('authorization')
      if (value === undefined || !/^basic(?: |$)/i.test(value)) return absent
      const credential = parseAuthorization(value)?.token68
      if (credential === undefined || credential === wrong) {
        return { cause: AuthenticationFailedCause.InvalidCredentials }
      }
      return { principal: { id: credential }, ambient: 'browser-or-tool' }
    },
  })
}

/** Keys in `X-API-Key`. */
export function keyLike(): AuthenticationProvider<Person> {
  return provider({
    challenge: { scheme: 'ApiKey', parameters: [['realm', 'keys']] },
    readsHeaders: ['X-API-Key'],
    authenticate: ({ request }): Verdict<Person> => {
      const key = request.header('x-api-key')
      if (key === undefined) return absent
      return key === wrong ? { cause: AuthenticationFailedCause.InvalidCredentials } : { principal: { id: key } }
    },
  })
}

/** Sessions in the cookie `sid`. */
export function cookieLike(options: Partial<ProviderOptions<Person>> = {}): AuthenticationProvider<Person> {
  return provider({
    challenge: { scheme: 'Session', parameters: [['realm', 'web']] },
    readsHeaders: ['Cookie'],
    session: true,
    authenticate: ({ request }): Verdict<Person> => {
      const [id, another] = cookieValues(request.header('cookie'), 'sid')
      if (id === undefined) return absent
      if (another !== undefined) return { cause: invalidCredentials('malformed-credential') }
      return id === wrong ? { cause: invalidCredentials('unknown') } : { principal: { id }, ambient: true }
    },
    ...options,
  })
}

/** A form with the field `user`, read up to `limitBytes`. */
export function formLike(limitBytes: number): AuthenticationProvider<Person> {
  return provider({
    challenge: { scheme: 'Form', parameters: [['realm', 'login']] },
    authenticate: async ({ request }): Promise<Verdict<Person>> => {
      if (parseMediaType(request.header('content-type') ?? '')?.essence !== formType) return absent
      const reading = await request.body(limitBytes)
      if (reading.kind === 'none') return absent
      if (reading.kind === 'too-large') return { cause: invalidCredentials('too-large') }
      const id = reading.kind === 'bytes' ? userOf(new TextDecoder().decode(reading.bytes)) : parsedUser(reading.value)
      return id === null ? { cause: invalidCredentials('malformed-credential') } : { principal: { id } }
    },
  })
}

function userOf(text: string): string | null {
  return new URLSearchParams(text).get('user')
}

function parsedUser(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('user' in value)) return null
  return typeof value.user === 'string' ? value.user : null
}

/** A provider that answers what it is told. */
export function saying(
  answer: (context: AuthenticationContext) => Awaitable<Verdict<Person>>,
  options: Partial<ProviderOptions<Person>> = {},
): AuthenticationProvider<Person> {
  return provider({
    challenge: { scheme: 'Told', parameters: [['realm', 'told']] },
    authenticate: answer,
    ...options,
  })
}

/** The header fields of a bearer token. */
export function token(id: string): readonly [name: string, value: string] {
  return ['Authorization', `Bearer ${id}`]
}
