import { describe, expect, it } from 'vitest'
import { json, NOW, right, scripted } from '../../../test/oidc/scripted-issuer.ts'

const inactive = json({ active: false })

/** An answer that comes when the test says so. */
function held(value: object) {
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  return { go: () => go(), answer: () => gate.then(() => Response.json(value)) }
}

describe('what introspection() remembers', () => {
  it('is nothing with "cache: false": every request asks, and sees a revocation at once', async () => {
    const { script, send } = scripted(json(right), { cache: false })
    expect(await Promise.all([send(), send(), send()])).toEqual(Array.from({ length: 3 }, () => ['authenticated']))
    expect(script.questions).toHaveLength(3)
    script.answer = inactive
    expect([await send(), await send()]).toEqual([
      [401, 'unknown'],
      [401, 'unknown'],
    ])
    expect(script.questions).toHaveLength(5)
    // Nobody's answer is kept, so that an outage is one at once, too.
    script.answer = () => new Response(null, { status: 500 })
    expect(await send()).toEqual([503, 'introspection-status-500'])
  })

  it('judges the time with "cache: false" as well', async () => {
    const { script, send } = scripted(json(right), { cache: false })
    script.now = right.exp + 5
    expect(await send()).toEqual([401, 'expired'])
  })

  it('is that a token is not active, for "inactiveSeconds": nobody makes the service ask by guessing', async () => {
    const { script, send } = scripted(inactive, { cache: { inactiveSeconds: 20 } })
    for (let turn = 0; turn < 50; turn++) expect(await send('guess')).toEqual([401, 'unknown'])
    script.now += 19
    expect(await send('guess')).toEqual([401, 'unknown'])
    expect(script.questions).toHaveLength(1)
    script.now += 1
    script.answer = json(right)
    expect(await send('guess')).toEqual(['authenticated'])
    expect(script.questions).toHaveLength(2)
  })

  it('is also why an active token is refused: for somebody else, or expired', async () => {
    const { script, send } = scripted(json({ ...right, aud: 'billing' }))
    for (let turn = 0; turn < 3; turn++) expect(await send('foreign')).toEqual([401, 'wrong-audience'])
    expect(script.questions).toHaveLength(1)
    script.answer = json({ ...right, exp: NOW - 100 })
    for (let turn = 0; turn < 3; turn++) expect(await send('old')).toEqual([401, 'expired'])
    expect(script.questions).toHaveLength(2)
  })

  it('is nothing of an outage: the next request asks again', async () => {
    const { script, send } = scripted(() => new Response(null, { status: 502 }))
    expect(await send()).toEqual([503, 'introspection-status-502'])
    script.answer = json(right)
    expect(await send()).toEqual(['authenticated'])
    expect(script.questions).toHaveLength(2)
  })

  it('is asked for once for a thousand requests with the same token, and once for each of ten tokens', async () => {
    const { go, answer } = held(right)
    const { script, send } = scripted(answer)
    const waiting = Array.from({ length: 1000 }, (_, index) => send(`token-${index % 10}`))
    await expect.poll(() => script.questions.length).toBe(10)
    go()
    expect(new Set((await Promise.all(waiting)).map(String))).toEqual(new Set(['authenticated']))
    expect(script.questions.map(({ form }) => form.get('token')).sort()).toEqual(
      Array.from({ length: 10 }, (_, index) => `token-${index}`),
    )
  })

  it('has all who wait fail with the one question that they share, and none after them', async () => {
    const { script, send } = scripted(() => Promise.reject(new TypeError('fetch failed')))
    const answers = await Promise.all(Array.from({ length: 100 }, () => send()))
    expect(new Set(answers.map(String))).toEqual(new Set(['503,introspection-unreachable']))
    expect(script.questions).toHaveLength(1)
    script.answer = json(right)
    expect(await send()).toEqual(['authenticated'])
  })

  it('has a bound: more tokens displace those that were not used lately', async () => {
    const { script, send } = scripted(json(right), { cache: { maxEntries: 100 } })
    await send('often')
    for (let index = 0; index < 1000; index++) {
      await send(`token-${index}`)
      if (index % 20 === 0) await send('often')
    }
    expect(script.questions).toHaveLength(1001)
    await send('token-999')
    expect(script.questions).toHaveLength(1001)
    await send('token-0')
    expect(script.questions).toHaveLength(1002)
  })

  it('has strangers displace nobody who is known', async () => {
    const { script, send } = scripted(
      ({ form }) => Response.json(form.get('token') === 'known' ? right : { active: false }),
      {
        cache: { maxEntries: 10 },
      },
    )
    await send('known')
    for (let index = 0; index < 100; index++) expect(await send(`guess-${index}`)).toEqual([401, 'unknown'])
    script.answer = () => new Response(null, { status: 500 })
    expect(await send('known')).toEqual(['authenticated'])
  })

  it('outlives no clock that is put back', async () => {
    const { script, send } = scripted(json(right))
    await send()
    script.now -= 10
    await send()
    expect(script.questions).toHaveLength(2)
  })

  it.each([
    [{ maxEntries: 0 }, '"cache.maxEntries"'],
    [{ activeSeconds: -1 }, '"cache.activeSeconds"'],
    [{ inactiveSeconds: 3601 }, '"cache.inactiveSeconds"'],
    [true, '"cache"'],
  ])('is not configured by %j', (cache, named) => {
    expect(() => Reflect.apply(scripted, undefined, [inactive, { cache }])).toThrow(named)
  })
})
