import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../src/core/authentication.ts'
import { basic } from '../../src/providers/basic/basic.ts'
import { testRequest } from '../../src/testing/request.ts'
import { type Behaviour, directory, PEOPLE, responderOf, verifier } from './responder-kit.ts'

const password = 'canary-of-the-user'
const service = { dn: 'cn=web,dc=example', password: 'canary-of-the-service' }

/** What a directory that repeats whatever it was sent answers, and one that breaks in the middle. */
const ways: readonly [string, Behaviour, number][] = [
  ['refuses', { user: (reply) => reply.bind(49, { diagnostic: `wrong: ${password}` }) }, 401],
  ['answers what is no refusal', { user: (reply) => reply.bind(1, { diagnostic: password }) }, 503],
  ['refuses the service', { service: (reply) => reply.bind(49, { diagnostic: service.password }) }, 503],
  ['breaks off the bind', { user: (reply) => reply.drop() }, 503],
  ['breaks off the search', { search: (reply) => reply.drop() }, 503],
]

describe('no password leaves', () => {
  it.each(ways)('by outcome or event when the directory %s', async (_name, behaviour, status) => {
    const responder = await responderOf(directory(behaviour))
    const validate = verifier({ url: responder.url, service, search: { base: PEOPLE, filter: '(uid={username})' } })
    const seen: unknown[] = []
    const see = (event: unknown) => {
      seen.push(event)
    }
    const auth = authentication(
      { staff: basic({ realm: 'staff', validate }) },
      { listeners: [{ decision: see, error: see, fault: see }] },
    )
    const authorization = `Basic ${Buffer.from(`ada:${password}`).toString('base64')}`
    const outcome = await auth.decide(testRequest({ headers: { authorization } }), 'staff')
    expect(outcome).toMatchObject({ response: { status } })
    const said = inspect([outcome, seen], { depth: 12, showHidden: true }) + JSON.stringify([outcome, seen])
    expect(said).not.toContain('canary')
    expect(said).not.toContain(authorization.slice(6))
    expect(seen).not.toEqual([])
  })
})
