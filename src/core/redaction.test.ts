import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { doing, type Extras, record, thenable } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication } from './authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from './cause.ts'
import type { AuthenticationContext, ChallengeFunction } from './provider.ts'

const canary = 'canary-7f3a'
const request = () =>
  requestOf({
    method: 'POST',
    target: `/path?token=${canary}`,
    headers: {
      host: `${canary}.example`,
      authorization: `Bearer ${canary}`,
      cookie: `session=${canary}`,
      'x-api-key': canary,
      'x-forwarded-for': canary,
      forwarded: `for=${canary}`,
      origin: `https://other-${canary}.example`,
      accept: `text/html, application/${canary}`,
      'sec-fetch-mode': canary,
      'user-agent': canary,
    },
    body: async () => ({ kind: 'bytes', bytes: new TextEncoder().encode(`password=${canary}`) }),
  })

const bomb = () => Object.assign(new Error(`no such token: ${canary}`), { token: canary })
const throwing = (): never => {
  throw bomb()
}

/** Every way in which a decision can go wrong, with the secret wherever the application could put it. */
const ways: readonly [string, (context: AuthenticationContext) => unknown, Extras?][] = [
  ['throws', throwing],
  ['rejects', async () => throwing()],
  [
    'throws text',
    () => {
      throw canary
    },
  ],
  [
    'throws an object',
    () => {
      throw { secret: canary }
    },
  ],
  ['answers the secret', () => canary],
  ['answers a principal that is the secret', () => ({ principal: canary })],
  ['answers a cause that is the secret', () => ({ cause: canary })],
  ['answers an Error cause that says the secret', () => ({ cause: new AuthenticationFailedCause.Error(canary) })],
  [
    'answers a final Error cause that says the secret',
    () => ({
      cause: new AuthenticationFailedCause.Error(canary, { retryable: false, cause: bomb() }),
    }),
  ],
  ['answers an expired principal', () => ({ principal: { secret: canary }, expiresAt: 1 })],
  ['answers an ambient principal', () => ({ principal: { secret: canary }, ambient: true })],
  [
    'answers a header field that cannot be sent',
    () => ({
      cause: AuthenticationFailedCause.NoCredentials,
      always: [
        [`${canary}\r\n`, canary],
        ['X', `${canary}\n`],
      ],
    }),
  ],
  [
    'answers a challenge that cannot be sent',
    () => ({
      cause: AuthenticationFailedCause.InvalidCredentials,
      challenges: [{ scheme: 'A', parameters: [['error', `${canary}\n`]] }],
    }),
  ],
  ['answers a thenable that throws', () => thenable(throwing)],
  ['answers a getter that throws', () => Object.defineProperty({}, 'cause', { get: throwing })],
  [
    'reads the body and rejects',
    async ({ request }) => {
      await request.body(100)
      return throwing()
    },
  ],
  ['challenges by throwing', () => ({ cause: invalidCredentials('expired') }), { override: throwing }],
  [
    'challenges by a redirect that cannot be sent',
    () => ({ cause: invalidCredentials('expired') }),
    {
      override: () => ({ redirect: `/${canary}\r\n` }),
    },
  ],
  [
    'challenges by nothing',
    () => ({ cause: invalidCredentials('expired') }),
    {
      override: (() => canary) as unknown as ChallengeFunction,
    },
  ],
]

const printed: unknown[][] = []

beforeEach(() => {
  printed.length = 0
  for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...line) => printed.push(line))
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('no secret is in responses, events or on the console', () => {
  it.each(ways)('when a provider %s', async (_, run, extras) => {
    const events = record()
    const auth = authentication(
      { only: doing(run, extras) },
      { listeners: [events.listener, { decision: throwing, fault: throwing }], exposeReason: true },
    )
    const outcome = await auth.decide(request(), 'only')
    if (outcome.kind !== 'rejected' && outcome.kind !== 'unavailable') throw new Error('expected a refusal')
    const { response, denials } = outcome
    const errors = events.errors.map(({ error: _, ...event }) => event)
    const said = JSON.stringify([response, denials, events.decisions, events.faults, errors, printed])
    expect(said).not.toContain(canary)
    expect(events.decisions).toHaveLength(1)
  })

  it.each([
    ['skipWhen', (auth: Loose) => auth.skipWhen(throwing, 'no')],
    ['select', (auth: Loose) => auth.select(throwing)],
    ['select by an unknown name', (auth: Loose) => auth.select(() => canary)],
    ['map', (auth: Loose) => auth.map('yes', throwing)],
    ['map to text', (auth: Loose) => auth.map('yes', () => canary)],
    ['allow', (auth: Loose) => auth.allow('yes', throwing)],
    ['allow by text', (auth: Loose) => auth.allow('yes', () => canary)],
  ] as const)('when a function of the application misbehaves: %s', async (_, make) => {
    const events = record()
    const auth = authentication(
      {
        yes: doing(() => ({ principal: { secret: canary } })),
        no: doing(() => ({ cause: AuthenticationFailedCause.NoCredentials })),
      },
      { listeners: [events.listener, { decision: throwing }] },
    )
    // The types forbid what these tests do on purpose.
    const outcome = await make(auth as unknown as Loose).decide(request())
    const errors = events.errors.map(({ error: _, ...event }) => event)
    const { response, denials } = outcome as { response: unknown; denials: unknown }
    expect(response).toBeDefined()
    const said = JSON.stringify([response, denials, events.decisions, events.faults, errors, printed])
    expect(said).not.toContain(canary)
  })

  it('when the request view itself throws', async () => {
    const events = record()
    const auth = authentication({ only: doing(() => undefined) }, { listeners: [events.listener] })
    const outcome = await auth.decide({ ...request(), header: throwing }, 'only')
    expect(outcome.kind).toBe('unavailable')
    expect(JSON.stringify([outcome, events.decisions, events.faults, printed])).not.toContain(canary)
  })
})

interface Loose {
  skipWhen(predicate: () => unknown, child: string): { decide(request: object): unknown }
  select(choose: () => unknown): { decide(request: object): unknown }
  map(child: string, enrich: () => unknown): { decide(request: object): unknown }
  allow(child: string, check: () => unknown): { decide(request: object): unknown }
}
