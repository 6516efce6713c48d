import { type AuthenticationProvider, authentication, type Principal } from 'becauth'
import { basic, basicCredentials } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { fetchSource } from 'becauth/fetch'
import {
  formatAuthorization,
  formatChallenge,
  type ParsedChallenge,
  parseAuthorization,
  parseChallenges,
} from 'becauth/wire'
import { testRequest } from '../../src/testing/request.ts'
import type { UnitCase } from './cases.ts'
import type { Observed } from './observed.ts'

const nobody = () => null

/** What becauth's wire functions and helpers make of a case. */
export async function observeUnit({ id, setup, request }: UnitCase): Promise<Partial<Observed>> {
  const { input = '', op = '' } = request
  switch (setup.unit) {
    case 'parse':
      return { result: await parsed(input) }
    case 'parse challenges':
      return { result: parseChallenges(input)?.map((one) => shapeOf(one)) ?? 'parse error' }
    case 'change':
      return { result: changed(id, setup.initial, op) }
    case 'render':
      return input === 'any empty value' ? { result: emptyValue() } : { wwwAuthenticate: await rendered(input) }
    case 'read credentials':
      return await read(request.headers ?? {})
  }
}

async function parsed(input: string): Promise<unknown> {
  const credentials = parseAuthorization(input)
  if (credentials !== undefined) {
    const { scheme, ...rest } = shapeOf(credentials)
    return { kind: 'blob' in rest ? 'token68' : 'params', scheme, ...rest }
  }
  const auth = authentication({ api: bearer({ validate: nobody }) })
  const outcome = await auth.decide(testRequest({ headers: { Authorization: input } }), 'api')
  if (input.trim() === '')
    return outcome.failures[0]?.cause.kind === 'NoCredentials' ? 'no credentials (null)' : outcome
  // Whatever comes of what cannot be read, it does not repeat it.
  return JSON.stringify(outcome).includes(input.split(' ').at(-1) ?? input) ? 'leaked' : 'parse error'
}

function shapeOf({ scheme, token68, parameters = new Map() }: ParsedChallenge): Readonly<Record<string, unknown>> {
  return token68 === undefined ? { scheme, params: Object.fromEntries(parameters) } : { scheme, blob: token68 }
}

/** Ktor has an object with methods; here a header is data, changed as any other. */
function changed(id: string, initial: string | undefined, op: string): unknown {
  if (op === 'add a=A; separately add b=B') {
    const adding = (name: string, value: string): string =>
      formatChallenge({
        scheme: 'authScheme',
        parameters: [
          ['a', 'a'],
          [name, value],
        ],
      }) ?? 'refused'
    return { 'a=A': adding('a', 'A'), 'b=B': adding('b', 'B') }
  }
  if (op === 'add a=c')
    return formatChallenge({
      scheme: 'authScheme',
      parameters: [
        ['a', 'c'],
        ['b', 'c d'],
      ],
    })
  const [, name = '', value = ''] = /^replace (\w+)=(\w+)$/.exec(op) ?? []
  if (name === '' || initial === undefined) throw new Error(`${id}: nobody knows how to ${op}`)
  const before = parseAuthorization(initial)
  if (before?.parameters === undefined) return 'parse error'
  const parameters = new Map(before.parameters).set(name, value)
  const written = formatAuthorization({ scheme: before.scheme, parameters })
  return written?.slice(before.scheme.length + 1).replaceAll('"', '')
}

function emptyValue(): string | undefined {
  return formatChallenge({ scheme: 'Any', parameters: [['a', '']] })?.slice('Any a='.length)
}

async function rendered(input: string): Promise<readonly string[]> {
  const realm = /^realm '(.*?)'/.exec(input)?.[1]
  if (realm === undefined) return await challengesOf(bearer({ validate: nobody }))
  const charset = input.endsWith('no charset') ? 'ISO-8859-1' : 'UTF-8'
  return await challengesOf(basic({ realm, charset, validate: nobody }))
}

async function challengesOf(one: AuthenticationProvider<Principal>): Promise<readonly string[]> {
  const outcome = await authentication({ default: one }).decide(testRequest(), 'default')
  if (!('response' in outcome)) return []
  return outcome.response.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value)
}

/** A handler without any guard reads what came, twice. */
async function read(headers: Readonly<Record<string, string>>): Promise<Partial<Observed>> {
  const request = new Request('https://service.example/', { headers })
  const first = basicCredentials(fetchSource(request))
  const second = basicCredentials(fetchSource(request))
  const response = new Response(JSON.stringify(first) === JSON.stringify(second) ? 'ok' : 'read otherwise')
  const facts = { status: response.status, body: await response.text() }
  return first === undefined ? facts : { ...facts, credentials: first }
}
