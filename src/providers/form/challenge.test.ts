import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import type { Outcome } from '../../core/who.ts'
import { testRequest } from '../../testing/request.ts'
import { type FormChallenge, form, returnTo } from './form.ts'

const navigating = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Site': 'same-origin' }

function login(challenge: FormChallenge, baseUrl?: string) {
  return authentication({ login: form({ validate: () => null, challenge }) }, { baseUrl })
}

function visit(target: string, method = 'GET', headers: Record<string, string> = navigating) {
  return testRequest({ method, target, headers })
}

function wrongPassword(target: string, headers: Record<string, string> = navigating) {
  return testRequest({
    method: 'POST',
    target,
    headers: { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'user=ada&password=x',
  })
}

function answer(outcome: Outcome) {
  if (!('response' in outcome)) throw new Error('the request was let in')
  const { status, headers, body } = outcome.response
  const field = (wanted: string) => headers.find(([name]) => name === wanted)?.[1]
  return { status, location: field('Location'), challenge: field('WWW-Authenticate'), body }
}

describe('form() with a redirect', () => {
  const auth = login({ redirect: '/login' })

  it.each([
    ['/orders?page=2&x=a%20b', '/login?returnTo=%2Forders%3Fpage%3D2%26x%3Da%2520b'],
    ['/', '/login?returnTo=%2F'],
    ['//evil.example/x', '/login'],
    ['/\\evil.example', '/login'],
    ['http://evil.example/orders', '/login?returnTo=%2Forders'],
    [`/${'x'.repeat(3000)}`, '/login'],
  ])('sends a navigation to %s on to the login page', async (target, location) => {
    const redirected = answer(await auth.decide(visit(target), 'login'))
    expect(redirected).toMatchObject({ status: 302, location, challenge: undefined, body: null })
    expect(answer(await auth.decide(visit(target, 'HEAD'), 'login'))).toMatchObject({ status: 302, location })
  })

  it('brings back what it kept', async () => {
    for (const target of ['/orders?page=2&returnTo=%2Fother', '/caf%C3%A9?q=1+2%2B3', "/it's(ok)!*?~"]) {
      const { location } = answer(await auth.decide(visit(target), 'login'))
      expect(new URL(returnTo({ url: location }), 'http://a').href).toBe(new URL(target, 'http://a').href)
    }
  })

  it('answers a script with 401 and the challenge', async () => {
    const fetched = { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }
    const plain = answer(await auth.decide(visit('/orders', 'GET', fetched), 'login'))
    expect(plain).toMatchObject({ status: 401, location: undefined, challenge: 'Form realm="login"' })
  })

  it('sends a wrong password back with 303 and without the place it was posted to', async () => {
    const back = answer(await auth.decide(wrongPassword('/session?x=1'), 'login'))
    expect(back).toMatchObject({ status: 303, location: '/login', challenge: undefined })
  })

  it('hands on the place that the posting URL carries, when it is safe', async () => {
    const back = async (target: string) => answer(await auth.decide(wrongPassword(target), 'login')).location
    expect(await back('/session?returnTo=%2Forders')).toBe('/login?returnTo=%2Forders')
    expect(await back('/session?returnTo=https%3A%2F%2Fevil.example%2F')).toBe('/login')
    expect(await back('/session?returnTo=%2Fa&returnTo=%2Fb')).toBe('/login')
  })

  it('does not send a refused login page to itself', async () => {
    expect(answer(await auth.decide(visit('/login?returnTo=%2F'), 'login'))).toMatchObject({ status: 401 })
    const other = login({ redirect: 'https://service.example/login' })
    expect(answer(await other.decide(visit('/login'), 'login'))).toMatchObject({ status: 401 })
    expect(answer(await auth.decide(wrongPassword('/login'), 'login'))).toMatchObject({ status: 303 })
  })

  it('adds to a query and before a fragment', async () => {
    const elsewhere = login({ redirect: 'https://id.example/in?app=1#form', returnToParameter: 'go to' })
    const { location } = answer(await elsewhere.decide(visit('/orders'), 'login'))
    expect(location).toBe('https://id.example/in?app=1&go%20to=%2Forders#form')
  })

  it('keeps no place when told not to', async () => {
    const bare = login({ redirect: '/login', returnToParameter: false })
    expect(answer(await bare.decide(visit('/orders'), 'login')).location).toBe('/login')
    expect(answer(await bare.decide(wrongPassword('/s?returnTo=%2Fa&false=%2Fb'), 'login')).location).toBe('/login')
  })

  it('gives the path as clients see it behind a prefix', async () => {
    const prefixed = login({ redirect: '/shop/login' }, 'https://service.example/shop')
    const { location } = answer(await prefixed.decide(visit('/orders'), 'login'))
    expect(location).toBe('/shop/login?returnTo=%2Fshop%2Forders')
    expect(answer(await prefixed.decide(visit('/login'), 'login')).status).toBe(401)
  })

  it('redirects every refused request when told so, as Ktor does', async () => {
    const ktor = login({ redirect: '/login', always: true })
    expect(answer(await ktor.decide(visit('/a', 'GET', {}), 'login'))).toMatchObject({ status: 302 })
    expect(answer(await ktor.decide(wrongPassword('/a', {}), 'login'))).toMatchObject({
      status: 303,
      location: '/login',
    })
  })

  it('sends no redirect for a body that is too large', async () => {
    const large = authentication({
      login: form({ validate: () => null, limitBytes: 10, challenge: { redirect: '/login', always: true } }),
    })
    expect(answer(await large.decide(wrongPassword('/a'), 'login'))).toMatchObject({ status: 413, location: undefined })
  })
})

describe('form() with a page', () => {
  it('shows a person the page with 401 and a script the plain refusal', async () => {
    const auth = login({ page: '<form method="post">' })
    const shown = answer(await auth.decide(visit('/orders'), 'login'))
    expect(shown).toMatchObject({ status: 401, body: '<form method="post">', challenge: 'Form realm="login"' })
    const plain = answer(await auth.decide(visit('/orders', 'GET', {}), 'login'))
    expect(plain.status).toBe(401)
    expect(plain.body).not.toContain('form')
  })

  it('makes the page for the cause, for people alone', async () => {
    const causes: string[] = []
    const auth = login({
      page: async (cause, { name }) => {
        causes.push(cause.kind)
        return `${name}: ${cause.kind}`
      },
    })
    expect(answer(await auth.decide(wrongPassword('/s'), 'login')).body).toBe('login: InvalidCredentials')
    expect(answer(await auth.decide(visit('/s'), 'login')).body).toBe('login: NoCredentials')
    await auth.decide(visit('/s', 'GET', {}), 'login')
    expect(causes).toEqual(['InvalidCredentials', 'NoCredentials'])
  })

  it('falls back to the plain refusal when the page cannot be made', async () => {
    const auth = login({ page: () => Promise.reject(new Error('no template')) })
    const plain = answer(await auth.decide(visit('/s'), 'login'))
    expect(plain).toMatchObject({ status: 401, challenge: 'Form realm="login"' })
    expect(plain.body).not.toContain('template')
  })
})

describe('form() with a function', () => {
  it('does what the function answers, and challenges by itself after null', async () => {
    const auth = login((cause) => (cause.kind === 'NoCredentials' ? { redirect: '/welcome' } : null))
    expect(answer(await auth.decide(visit('/orders'), 'login'))).toMatchObject({ status: 302, location: '/welcome' })
    expect(answer(await auth.decide(wrongPassword('/s'), 'login'))).toMatchObject({
      status: 401,
      challenge: 'Form realm="login"',
    })
  })
})
