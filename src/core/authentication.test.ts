import { describe, expect, it } from 'vitest'
import { nothing, saying } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication, type Providers } from './authentication.ts'
import type { AuthenticationOptions } from './authentication-options.ts'
import type { Principal } from './provider.ts'

/** What a JavaScript caller can hand over. */
function made(providers: unknown, options?: unknown) {
  return authentication(providers as Providers<Record<string, Principal>>, options as AuthenticationOptions)
}

const leaf = () => saying(nothing)
const sentence = /^authentication\(\): /

describe('authentication()', () => {
  it('knows its names and is frozen', () => {
    const auth = authentication({ b: leaf(), a: leaf() })
    expect(auth.names).toEqual(['b', 'a'])
    expect(Object.isFrozen(auth) && Object.isFrozen(auth.names)).toBe(true)
  })

  it('refuses a provider under two names, and in two registries', () => {
    const one = leaf()
    expect(() => authentication({ a: one, b: one })).toThrow(/"b" is registered under a name already/)
    const other = leaf()
    authentication({ a: other })
    expect(() => authentication({ a: other })).toThrow(TypeError)
  })

  it.each([[{}], [null], [undefined], [7], [[]]])('refuses to be without providers: %j', (providers) => {
    expect(() => made(providers)).toThrow(TypeError)
    expect(() => made(providers)).toThrow(sentence)
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a function', () => nothing],
    ['a look-alike', { ...leaf() }],
    ['a promise of a provider', Promise.resolve(leaf())],
  ])('refuses %s in place of a provider', (_, provider) => {
    expect(() => made({ a: provider })).toThrow(/^authentication\(\): "a" must be a provider/)
  })

  it.each(['büro', 'a\r\nb', '\u0000', '日本'])('refuses the name %j, which would stand in challenges', (name) => {
    expect(() => made({ [name]: leaf() })).toThrow(/must be printable US-ASCII/)
  })

  it.each([
    ['timeoutSeconds', 0],
    ['timeoutSeconds', -1],
    ['timeoutSeconds', Number.NaN],
    ['timeoutSeconds', Number.POSITIVE_INFINITY],
    ['timeoutSeconds', 3601],
    ['clock', 7],
    ['random', 'x'],
    ['fetch', {}],
    ['allowedOrigins', ['https://app.example/']],
    ['allowedOrigins', ['null']],
    ['allowedOrigins', ['app.example']],
    ['trustedProxies', ['10.0.0.0/33']],
    ['forwardedHeaders', 'both'],
    ['baseUrl', '/shop'],
  ])('refuses the option %s to be %j', (option, value) => {
    const build = () => made({ a: leaf() }, { [option]: value })
    expect(build).toThrow(TypeError)
    expect(build).toThrow(new RegExp(`^authentication\\(\\): "${option}" must`))
  })
})

describe('the combinators', () => {
  const auth = authentication({ a: leaf(), b: leaf() })
  // JavaScript callers can write anything.
  const loose = auth as unknown as { [name: string]: (...given: unknown[]) => unknown }
  const foreign = authentication({ a: leaf() }).require('a')

  it.each(['require', 'anyOf', 'allOf', 'optional', 'attempt'])(
    '%s() refuses what is no requirement of ours',
    (name) => {
      expect(() => loose[name]?.('c')).toThrow(`${name}(): there is no provider named "c"; there are a, b`)
      for (const child of [
        foreign,
        undefined,
        null,
        7,
        {},
        { ...auth.require('a') },
        new Proxy(auth.require('a'), {}),
      ]) {
        expect(() => loose[name]?.(child)).toThrow(`${name}(): wants a provider's name or a requirement`)
      }
      expect(() => loose[name]?.('constructor')).toThrow(TypeError)
    },
  )

  it.each(['anyOf', 'allOf'])('%s() refuses to be empty', (name) => {
    expect(() => loose[name]?.()).toThrow(`${name}(): wants at least one requirement`)
  })

  it('refuse what is not a function where one is needed', () => {
    expect(() => loose.skipWhen?.(true, 'a')).toThrow('skipWhen(): "predicate" must be a function')
    expect(() => loose.select?.('a')).toThrow('select(): "choose" must be a function')
    expect(() => loose.map?.('a')).toThrow('map(): "enrich" must be a function')
    expect(() => loose.allow?.('a', {})).toThrow('allow(): "check" must be a function')
  })

  it('refuse map() and allow() around what may be anonymous', () => {
    for (const child of [
      auth.optional('a'),
      auth.attempt('a'),
      auth.skipWhen(() => false, 'a'),
      auth.anyOf('a', auth.optional('b')),
      auth.allOf(auth.optional('a'), auth.attempt('b')),
    ]) {
      expect(() => loose.map?.(child, () => null)).toThrow(/^map\(\): wants a requirement that always yields/)
      expect(() => loose.allow?.(child, () => true)).toThrow(/^allow\(\): wants a requirement that always yields/)
    }
  })

  it('make frozen requirements that say how they were written', () => {
    const requirement = auth.anyOf(
      auth.allOf('a', auth.optional('b')),
      auth.skipWhen(() => false, auth.attempt('a')),
      auth.select(() => 'a'),
      auth.allow(
        auth.map('b', (principal) => principal),
        () => true,
      ),
    )
    expect(requirement.description).toBe('anyOf(allOf(a, optional(b)), skipWhen(attempt(a)), select(), allow(map(b)))')
    expect(Object.isFrozen(requirement)).toBe(true)
  })
})

describe('decide()', () => {
  it('answers at once when every provider does, and otherwise a promise', async () => {
    const auth = authentication({ now: leaf(), later: saying(Promise.resolve(nothing)) })
    expect(auth.decide(requestOf(), 'now')).not.toBeInstanceOf(Promise)
    expect(auth.decide(requestOf(), auth.anyOf('now', 'later'))).toBeInstanceOf(Promise)
  })

  it('asks each registry for itself', () => {
    const native = {}
    const yes = authentication({ a: saying({ principal: { id: 1 } }) })
    const no = authentication({ a: leaf() })
    expect(yes.decide(requestOf({ native }), 'a')).toMatchObject({ kind: 'authenticated' })
    expect(no.decide(requestOf({ native }), 'a')).toMatchObject({ kind: 'rejected' })
  })

  it('lets no principal of one name stand for another', () => {
    const auth = authentication({ a: saying({ principal: { id: 1 } }), b: leaf() })
    const native = {}
    expect(auth.decide(requestOf({ native }), 'a')).toMatchObject({ kind: 'authenticated' })
    expect(auth.decide(requestOf({ native }), 'b')).toMatchObject({ kind: 'rejected' })
  })
})
