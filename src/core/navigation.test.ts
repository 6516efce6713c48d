import { describe, expect, it } from 'vitest'
import { saying } from '../../test/model/kit.ts'
import { requestOf } from '../../test/model/request.ts'
import { authentication } from './authentication.ts'
import { isCorsPreflight, isNavigation } from './navigation.ts'
import type { RequestView } from './request.ts'

/** The view that a predicate is given. */
function view(method: string, headers: Record<string, string>): RequestView {
  const seen: RequestView[] = []
  const auth = authentication({ a: saying({ principal: {} }) })
  auth.skipWhen((request) => seen.push(request) === 0, 'a').decide(requestOf({ method, headers }))
  const [request] = seen
  if (request === undefined) throw new Error('the predicate was not asked')
  return request
}

const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('a navigation', () => {
  it.each([
    ['a page that is opened', page, true],
    ['a page that is opened, whatever it accepts', { ...page, accept: 'application/json' }, true],
    ['a frame', { ...page, 'sec-fetch-dest': 'iframe' }, false],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', ...html }, false],
    ['a fetch for HTML', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', ...html }, false],
    ['a prefetch', { ...page, 'sec-purpose': 'prefetch' }, false],
    ['a prerender', { ...page, 'sec-purpose': 'prefetch;prerender' }, false],
    ['half of the metadata', { 'sec-fetch-mode': 'navigate', ...html }, false],
    ['the other half', { 'sec-fetch-dest': 'document', ...html }, false],
    ['an old browser', html, true],
    ['a tool', { accept: '*/*' }, false],
    ['a client that prefers JSON', { accept: 'application/json, text/html;q=0.9' }, false],
    ['a client that likes both the same', { accept: 'application/json, text/html' }, false],
    ['a client that says nothing', {}, false],
  ])('by its header fields: %s', (_, headers, expected) => {
    expect(isNavigation(view('GET', headers))).toBe(expected)
  })
})

describe('isCorsPreflight()', () => {
  const cors = { origin: 'https://app.example', 'access-control-request-method': 'PUT' }

  it('knows a preflight by method, origin and the method asked for', () => {
    expect(isCorsPreflight(view('OPTIONS', cors))).toBe(true)
    expect(isCorsPreflight(view('GET', cors))).toBe(false)
    expect(isCorsPreflight(view('OPTIONS', { origin: 'https://app.example' }))).toBe(false)
    expect(isCorsPreflight(view('OPTIONS', { 'access-control-request-method': 'PUT' }))).toBe(false)
  })

  it('lets preflights skip a requirement and nothing else', () => {
    const auth = authentication({ a: saying({ cause: undefined }) })
    const open = auth.skipWhen(isCorsPreflight, 'a')
    expect(open.decide(requestOf({ method: 'OPTIONS', headers: cors }))).toMatchObject({
      kind: 'anonymous',
      skipped: true,
    })
    expect(open.decide(requestOf({ method: 'PUT', headers: cors }))).toMatchObject({ kind: 'rejected' })
  })
})
