import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  baseStringUri,
  formatOauth1Credentials,
  normalizeParameters,
  type Oauth1Pair,
  parseOauth1Credentials,
  signatureBaseString,
  signatureKey,
} from './oauth1.ts'
import { percentEncode } from './percent.ts'

interface Vector {
  readonly id: string
  readonly method?: string
  readonly base_uri?: string
  readonly raw_query?: string
  readonly raw_body?: string
  readonly params?: readonly Oauth1Pair[]
  readonly authorization?: string
  readonly base_string?: string
  readonly base_string_computed?: string
  readonly normalized?: string
  readonly input?: string
  readonly expected?: string
}

const own = new URL('../../test/vectors/05-oauth1/rfc5849.json', import.meta.url)
const shared = new URL('../../../shared/vectors/05-oauth1/oauth1.json', import.meta.url)

function vectorsIn(file: URL): readonly Vector[] {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).cases : []
}

// It gives an empty path to a URL without one, where HTTP (RFC 9110, section 4.2.3) and everybody else have a slash.
const withoutPath = 'bettiolo-no-token'

function baseStringOf({ id, method = '', base_uri: uri = '', params = [] }: Vector): string | undefined {
  const made = signatureBaseString({ method, url: uri, parameters: params })
  return id === withoutPath ? made?.replace('api.example.com%2F&', 'api.example.com&') : made
}

describe('base strings of RFC 5849', () => {
  const vectors = vectorsIn(own)

  it.each(vectors)('makes the one of $id', (vector) => {
    const wanted = vector.base_string ?? vector.base_string_computed
    expect(wanted).toBeDefined()
    expect(baseStringOf(vector)).toBe(wanted)
    if (vector.normalized !== undefined) expect(normalizeParameters(vector.params ?? [])).toBe(vector.normalized)
  })

  it('reads the parameters of section 3.4.1 from the query as it is sent', () => {
    const vector = vectors.find(({ raw_query: query }) => query !== undefined)
    const rest = vector?.params?.slice(4) ?? []
    const url = `${vector?.base_uri}?${vector?.raw_query}`
    expect(signatureBaseString({ method: 'POST', url, parameters: rest })).toBe(vector?.base_string)
  })

  it('reads the Authorization field of section 1.2, without realm', () => {
    const vector = vectors.find(({ authorization }) => authorization !== undefined)
    const read = parseOauth1Credentials(vector?.authorization ?? '')
    expect(read?.realm).toBe('Photos')
    expect(read?.parameters.filter(([name]) => name !== 'oauth_signature')).toEqual(vector?.params)
  })
})

describe.skipIf(!existsSync(shared))('base strings of other implementations, in ../shared/vectors', () => {
  const vectors = vectorsIn(shared)
  const of = (prefix: string) => vectors.filter(({ id }) => id.startsWith(prefix))

  it.each(vectors.filter(({ params }) => params !== undefined))('makes the one of $id', (vector) => {
    expect(baseStringOf(vector)).toBe(vector.base_string ?? vector.base_string_computed)
  })

  it.each(of('encode-'))('encodes as in $id', ({ input, expected }) => {
    expect(percentEncode(input ?? '')).toBe(expected)
  })

  it.each(of('base-uri-'))('gives the URI of $id', ({ input, expected }) => {
    expect(baseStringUri(input ?? '') ?? 'reject').toBe(expected)
  })

  it('has the vectors that are kept here', () => {
    expect(of('rfc5849')).toEqual(vectorsIn(own))
  })
})

describe('parseOauth1Credentials()', () => {
  it.each([
    ['oauth a=b', [['a', 'b']]],
    [
      'OAUTH   a="b" , ,c="d",',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['OAuth ,a="%3D%25"', [['a', '=%']]],
    ['OAuth X="+"', [['X', '+']]],
    [
      'OAuth a="b", a="c"',
      [
        ['a', 'b'],
        ['a', 'c'],
      ],
    ],
    ['OAuth realm="r", %61="%C3%A9"', [['a', 'é']]],
    ['OAuth a="\\%32"', [['a', '2']]],
  ])('reads %s', (value, parameters) => {
    expect(parseOauth1Credentials(value)?.parameters).toEqual(parameters)
  })

  it.each([
    '',
    'OAuth',
    'OAuth ',
    'OAuth realm="r"',
    'OAuth a',
    'OAuth a="b',
    'OAuth a="b" c="d"',
    'OAuth a="%"',
    'OAuth a="%FF"',
    'OAuth realm="a", realm="b", c="d"',
    'OAuth2 a="b"',
    'Bearer a="b"',
    'OAuth="a"',
    'OAuth,a="b"',
    'OAuth a="b", Basic YTpi',
  ])('refuses %j', (value) => {
    expect(parseOauth1Credentials(value)).toBeUndefined()
  })
})

const text = fc.string({ unit: 'binary' }).filter((one) => percentEncode(one) !== undefined)
const pairs = fc.array(fc.tuple(text, text), { maxLength: 12 })
const named = fc.array(
  fc.tuple(
    text.filter((name) => name !== '' && name.toLowerCase() !== 'realm'),
    text,
  ),
  {
    minLength: 1,
    maxLength: 12,
  },
)

describe('OAuth 1.0a grammar, for any input', () => {
  it('reads the field that it wrote', () => {
    fc.assert(
      fc.property(
        named,
        fc.option(fc.string({ unit: fc.constantFrom(...' "\\,=aR~') }), { nil: undefined }),
        (all, realm) => {
          const field = formatOauth1Credentials(all, realm) ?? ''
          expect(parseOauth1Credentials(field)).toEqual({ realm, parameters: all })
        },
      ),
    )
  })

  it('normalizes the same parameters in any order to the same text, from which they can be read', () => {
    fc.assert(
      fc.property(
        pairs.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          const normalized = normalizeParameters(all) ?? ''
          expect(normalizeParameters(shuffled)).toBe(normalized)
          const read =
            normalized === '' ? [] : normalized.split('&').map((piece) => piece.split('=').map(decodeURIComponent))
          expect(read.toSorted()).toEqual(all.map((pair) => [...pair]).toSorted())
        },
      ),
    )
  })

  it('signs another text when any part of the request is another', () => {
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST'),
      path: fc.constantFrom('/', '/a', '/a/b'),
      parameters: pairs,
    })
    const baseOf = ({
      method,
      path,
      parameters,
    }: {
      method: string
      path: string
      parameters: readonly Oauth1Pair[]
    }) => signatureBaseString({ method, url: `https://photos.example${path}`, parameters })
    const meaning = (one: Parameters<typeof baseOf>[0]) => {
      const signed = one.parameters.filter(([name]) => name !== 'oauth_signature')
      return JSON.stringify([
        one.method,
        one.path,
        signed.map(([name, value]) => JSON.stringify([name, value])).toSorted(),
      ])
    }
    fc.assert(
      fc.property(request, request, (a, b) => {
        expect(baseOf(a) === baseOf(b)).toBe(meaning(a) === meaning(b))
      }),
    )
  })

  it('never throws', () => {
    const any = fc.string({ unit: fc.constantFrom(...'OAuth realm="%4\\,=&\ud800é') })
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(parseOauth1Credentials(`OAuth ${a}`)?.parameters.length ?? 1).toBeGreaterThan(0)
        const texts = [
          baseStringUri(a),
          signatureBaseString({ method: a, url: `https://photos.example/?${a}`, parameters: [[a, b]] }),
          formatOauth1Credentials([[a, b]], b),
          signatureKey(a, b),
        ]
        for (const made of texts) expect(made ?? 'none').toMatch(/^[ -~]+$/)
      }),
    )
  })

  it.each([',', 'a="b",', ' ', 'a="', '"', '\\', '%25', 'a'])(
    'reads a megabyte of %j in a time that is linear',
    (shape) => {
      const value = `OAuth ${shape.repeat(1_000_000 / shape.length)}`
      const since = performance.now()
      parseOauth1Credentials(value)
      expect(performance.now() - since).toBeLessThan(5000)
    },
  )
})

describe('what cannot be signed', () => {
  it.each(['http://[', 'ftp://a.example/', 'https://a.example/?a=%', 'https://a.example/?%FF'])('is %s', (url) => {
    expect(signatureBaseString({ method: 'GET', url, parameters: [] })).toBeUndefined()
  })

  it('is a lone surrogate', () => {
    expect(signatureKey('\ud800', '')).toBeUndefined()
    expect(normalizeParameters([['a', '\udc00']])).toBeUndefined()
    expect(formatOauth1Credentials([['a', '\udc00']])).toBeUndefined()
    expect(formatOauth1Credentials([['', 'a']])).toBeUndefined()
    expect(formatOauth1Credentials([['a', 'b']], 'é')).toBeUndefined()
  })
})
