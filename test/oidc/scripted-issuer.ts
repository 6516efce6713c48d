import { type AuthenticationListener, authentication } from 'becauth'
import { type AudienceTokensOptions, type IntrospectionClaims, introspection } from 'becauth/introspection'
import { testRequest } from 'becauth/testing'

export const NOW = 1_800_000_000
export const ISSUER = 'https://id.example'
export const ENDPOINT: string = `${ISSUER}/introspect`
/** What an issuer says of a token that is all right. */
export const right = { active: true, iss: ISSUER, aud: 'orders', sub: 'u', exp: NOW + 600 } as const

type Options = Partial<AudienceTokensOptions<IntrospectionClaims, IntrospectionClaims>>

/** A question as the issuer receives it. */
interface Question {
  readonly headers: Headers
  readonly form: URLSearchParams
}

interface Script {
  now: number
  /** What the issuer answers to a question. */
  answer: (question: Question) => Response | Promise<Response>
  readonly questions: Question[]
}

/** What became of a request: `authenticated`, or the status and the reason or code. */
type Said = readonly (string | number | undefined)[]

export interface Scripted {
  readonly script: Script
  send(token?: string): Promise<Said>
  decide(token?: string): ReturnType<ReturnType<typeof serviceOf>['decide']>
}

function serviceOf(script: Script, options: Options, jwks: object, listeners: readonly AuthenticationListener[]) {
  const api = introspection<IntrospectionClaims, IntrospectionClaims>({
    issuer: ISSUER,
    endpoint: ENDPOINT,
    audience: 'orders',
    clientId: 'api',
    clientAuthentication: { method: 'client_secret_basic', secret: 'canary-secret' },
    ...options,
  })
  const auth = authentication(
    { api },
    {
      clock: () => script.now,
      listeners,
      fetch: async (url, init) => {
        if (String(url).endsWith('/jwks')) return Response.json(jwks)
        const question = { headers: new Headers(init?.headers), form: new URLSearchParams(String(init?.body ?? '')) }
        script.questions.push(question)
        return script.answer(question)
      },
    },
  )
  const decide = (token: string) => auth.decide(testRequest({ headers: { Authorization: `Bearer ${token}` } }), 'api')
  return { decide }
}

/** A service whose issuer answers what the test says. */
export function scripted(
  answer: Script['answer'],
  options: Options = {},
  { jwks = {}, listeners = [] }: { jwks?: object; listeners?: readonly AuthenticationListener[] } = {},
): Scripted {
  const script: Script = { now: NOW, answer, questions: [] }
  const { decide } = serviceOf(script, options, jwks, listeners)
  const send = async (token = 'opaque'): Promise<Said> => {
    const outcome = await decide(token)
    if (outcome.kind === 'authenticated') return ['authenticated']
    const cause = outcome.failures[0]?.cause
    const said =
      cause?.kind === 'Error' ? cause.code : cause?.kind === 'InvalidCredentials' ? cause.reason : cause?.kind
    return ['response' in outcome ? outcome.response.status : 0, said]
  }
  return { script, send, decide: (token = 'opaque') => decide(token) }
}

export const json = (value: object) => (): Response => Response.json(value)
