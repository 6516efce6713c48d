import {
  type AuthenticationContext,
  AuthenticationFailedCause,
  type AuthenticationProvider,
  type ChallengeAnswer,
  type ChallengeFunction,
  invalidCredentials,
  provider,
  type Verdict,
} from 'becauth'
import { apiKey } from 'becauth/api-key'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { form } from 'becauth/form'
import type { Accepts, Behaviour, ProviderSetup } from './cases.ts'

interface Credential {
  readonly username?: string
  readonly password?: string
  readonly token?: string
  readonly key?: string
}

type Person = { readonly name: string } | { readonly key: string }

/** Builds the provider of a case, which notes its name in `ran` whenever it runs. */
export function providerOf(setup: ProviderSetup, ran: string[]): AuthenticationProvider<object> {
  const made = unwatched(setup)
  return provider<object>({
    challenge: made.challenge,
    override: made.override,
    readsHeaders: made.readsHeaders,
    session: made.session,
    malformedRequestStatus: made.malformedRequestStatus,
    authenticate: (context) => {
      ran.push(setup.name)
      return made.authenticate(context)
    },
  })
}

function unwatched(setup: ProviderSetup): AuthenticationProvider<object> {
  const { kind, accepts = 'nobody', realm, schemes = ['Bearer'] } = setup
  const validate = (credential: Credential): Person | null => judge(credential, accepts)
  const challenge = challengeOf(setup)
  switch (kind) {
    case 'basic':
      if (setup.validate === null || typeof realm !== 'string') return untyped(basic, setup, validate)
      return basic({ realm, charset: setup.charset === null ? 'ISO-8859-1' : 'UTF-8', validate, challenge })
    case 'bearer': {
      const [scheme, ...additionalSchemes] = schemes
      return bearer({ realm: realm ?? undefined, scheme, additionalSchemes, validate, challenge })
    }
    case 'form':
      if (setup.validate === null) return untyped(form, setup, validate)
      return form({
        validate,
        challenge: isRedirect(setup.challenge) ? { ...setup.challenge, always: true } : challenge,
      })
    case 'apiKey':
      return apiKey({ header: setup.header, validate, challenge })
    case 'session':
      return session(challenge)
    case 'custom':
      return custom(setup.behaviour ?? 'nothing')
  }
}

/** Calls a factory without what the types ask for, as JavaScript may. */
function untyped(
  factory: typeof basic | typeof form,
  { validate, realm }: ProviderSetup,
  judge: (credential: Credential) => Person | null,
): AuthenticationProvider<object> {
  return Reflect.apply(factory, undefined, [
    { ...(validate === null ? {} : { validate: judge }), ...(realm ? { realm } : {}) },
  ])
}

function judge({ username, password, token, key }: Credential, accepts: Accepts): Person | null {
  if (token !== undefined) return isIn(accepts, 'token', token) ? { name: 'admin' } : null
  if (key !== undefined) return isIn(accepts, 'key', key) ? { key } : null
  if (username === undefined) return null
  if (accepts === 'name = password') return username === password ? { name: username } : null
  const isRight = typeof accepts !== 'object' || !('password' in accepts) || accepts.password === password
  return isIn(accepts, 'user', username) && isRight ? { name: username } : null
}

function isIn(accepts: Accepts, kind: 'user' | 'token' | 'key', value: string): boolean {
  if (accepts === 'everyone') return true
  return typeof accepts === 'object' && Reflect.get(accepts, kind) === value
}

function isRedirect(challenge: ProviderSetup['challenge']): challenge is { readonly redirect: string } {
  return typeof challenge === 'object' && 'redirect' in challenge
}

function challengeOf({ challenge }: ProviderSetup): ChallengeFunction | undefined {
  if (challenge === undefined) return undefined
  if (challenge === 'nothing') return () => null
  // A status is not among what a challenge may answer; JavaScript can try.
  const answer: ChallengeAnswer = isRedirect(challenge)
    ? { ...challenge, always: true }
    : Object.assign<ChallengeAnswer, object>({}, challenge)
  return () => answer
}

/** Stands in for sessions: a cookie is known to the server or it is nothing. */
function session(override: ChallengeFunction | undefined): AuthenticationProvider<object> {
  const known = new Map<string, Person>()
  const unknown = { cause: invalidCredentials('unknown', { discardable: true }) }
  return provider<object>({
    challenge: { scheme: 'Session' },
    session: true,
    readsHeaders: ['Cookie'],
    override,
    authenticate: ({ request }) => {
      const value = /(?:^|; )S=([^;]*)/.exec(request.header('cookie') ?? '')?.[1]
      if (value === undefined) return { cause: AuthenticationFailedCause.NoCredentials }
      const principal = known.get(value)
      return principal === undefined ? unknown : { principal, ambient: true }
    },
  })
}

class Special extends AuthenticationFailedCause.Error {}

function custom(behaviour: Behaviour): AuthenticationProvider<object> {
  const isSilent = behaviour === 'NoCredentials, challenge answers nothing'
  const isLoud = behaviour === 'Error, challenge answers 200'
  const loud: ChallengeAnswer = Object.assign({ page: 'Challenge' }, { status: 200 })
  return provider<object>({
    challenge: { scheme: 'Custom' },
    override: isSilent ? () => null : isLoud ? () => loud : undefined,
    authenticate: (context) => (behaviour === 'Error later' ? later(context) : verdictOf(behaviour, context.name)),
  })
}

async function later({ name }: AuthenticationContext): Promise<Verdict<object>> {
  await Promise.resolve()
  return verdictOf('Error', name)
}

function verdictOf(behaviour: Behaviour, name: string): Verdict<object> {
  switch (behaviour) {
    case 'success':
      return { principal: { name } }
    case 'two principals':
      return { principal: Object.assign([{ name }, { name: 'another' }], { name }) }
    case 'NoCredentials':
    case 'NoCredentials, challenge answers nothing':
      return { cause: AuthenticationFailedCause.NoCredentials }
    case 'InvalidCredentials':
      return { cause: AuthenticationFailedCause.InvalidCredentials }
    case 'subclass of Error':
      return { cause: new Special('test') }
    case 'Error':
    case 'Error later':
    case 'Error, challenge answers 200':
      return { cause: new AuthenticationFailedCause.Error('test') }
    case 'nothing':
      return Object.create(null)
    case 'skipped':
      throw new TypeError('a provider that is skipped ran')
  }
}
