import { describe, expect, it } from 'vitest'
import { nothing } from '../../test/model/kit.ts'
import { AuthenticationProvider, type Principal, type ProviderOptions, provider } from './provider.ts'

/** What a JavaScript caller can hand over. */
function made(options: unknown): AuthenticationProvider<Principal> {
  return provider(options as ProviderOptions<Principal>)
}

const good = { challenge: { scheme: 'Test' }, authenticate: () => nothing }

describe('provider()', () => {
  it('makes a frozen provider with the documented defaults', () => {
    const one = provider(good)
    expect(one).toBeInstanceOf(AuthenticationProvider)
    expect(Object.isFrozen(one)).toBe(true)
    expect(one).toMatchObject({ readsHeaders: [], session: false, malformedRequestStatus: 401 })
    expect(one.override).toBeUndefined()
  })

  it.each([
    ['nothing at all', undefined, 'authenticate'],
    ['null', null, 'authenticate'],
    ['no authenticate', { challenge: { scheme: 'Test' } }, 'authenticate'],
    ['an authenticate that is no function', { ...good, authenticate: 'yes' }, 'authenticate'],
    ['no challenge', { authenticate: good.authenticate }, 'challenge'],
    ['a challenge that is text', { ...good, challenge: 'Test' }, 'challenge'],
    ['a challenge that is null', { ...good, challenge: null }, 'challenge'],
    ['a challenge without a scheme', { ...good, challenge: {} }, 'challenge'],
    ['a scheme that is no token', { ...good, challenge: { scheme: 'Te st' } }, 'challenge'],
    ['an empty scheme', { ...good, challenge: { scheme: '' } }, 'challenge'],
    ['a scheme with a line break', { ...good, challenge: { scheme: 'Test\r\nX' } }, 'challenge'],
    [
      'a realm outside of US-ASCII',
      { ...good, challenge: { scheme: 'A', parameters: [['realm', 'büro']] } },
      'challenge',
    ],
    [
      'a realm with a line break',
      { ...good, challenge: { scheme: 'A', parameters: [['realm', 'a\r\nb']] } },
      'challenge',
    ],
    [
      'a parameter that comes twice',
      {
        ...good,
        challenge: {
          scheme: 'A',
          parameters: [
            ['realm', 'a'],
            ['Realm', 'b'],
          ],
        },
      },
      'challenge',
    ],
    ['parameters that are no list', { ...good, challenge: { scheme: 'A', parameters: 7 } }, 'challenge'],
    ['a parameter without a value', { ...good, challenge: { scheme: 'A', parameters: [['realm']] } }, 'challenge'],
    ['an override that is no function', { ...good, override: {} }, 'override'],
    ['a header name with a space', { ...good, readsHeaders: ['x key'] }, 'readsHeaders'],
    ['a header name that is no text', { ...good, readsHeaders: [7] }, 'readsHeaders'],
    ['header names that are no list', { ...good, readsHeaders: 'cookie' }, 'readsHeaders'],
  ])('refuses %s with a sentence that names the option', (_, options, option) => {
    expect(() => made(options)).toThrow(TypeError)
    expect(() => made(options)).toThrow(new RegExp(`^provider\\(\\): "${option}" must `))
  })
})

describe('a provider', () => {
  it('can be taken for one name only', () => {
    const one = provider(good)
    expect(AuthenticationProvider.register(one)).toBe(true)
    expect(AuthenticationProvider.register(one)).toBe(false)
  })
})
