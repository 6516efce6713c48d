import { describe, expect, it } from 'vitest'
import { decideBy, doing, nothing } from '../../test/model/kit.ts'
import { type RequestOptions, requestOf } from '../../test/model/request.ts'
import type { BodyReading, RequestView } from './request.ts'

/** Runs something against the view of a request that a provider is given. */
async function seeing<T>(options: RequestOptions, look: (request: RequestView) => T): Promise<Awaited<T>> {
  const seen: Awaited<T>[] = []
  await decideBy(
    doing(async ({ request }) => {
      seen.push(await look(request))
      return nothing
    }),
    requestOf(options),
  )
  const [result] = seen
  if (result === undefined) throw new Error('the provider failed')
  return result
}

function body(text: string, asked: number[]): (limit: number) => Promise<BodyReading> {
  const bytes = new TextEncoder().encode(text)
  return async (limit) => {
    asked.push(limit)
    return bytes.length > limit ? { kind: 'too-large' } : { kind: 'bytes', bytes }
  }
}

describe('the view of a request', () => {
  it('finds header fields whatever the case of the name', async () => {
    const headers = { 'x-key': 'a' }
    expect(await seeing({ headers }, (request) => [request.header('X-Key'), request.header('x-other')])).toEqual([
      'a',
      undefined,
    ])
  })

  it('hands out a URL that cannot be used to change what others see', async () => {
    const hosts = await seeing({ headers: { host: 'shop.example' } }, (request) => {
      request.url.host = 'evil.example'
      return request.url.host
    })
    expect(hosts).toBe('shop.example')
  })

  it('reads the body once for parallel wishes that follow one that was too small', async () => {
    const asked: number[] = []
    const kinds = await seeing({ body: body('hello', asked) }, async (request) => {
      await request.body(1)
      return Promise.all([request.body(100), request.body(100)])
    })
    expect(kinds).toMatchObject([{ kind: 'bytes' }, { kind: 'bytes' }])
    expect(asked).toEqual([1, 100])
  })

  it('reads the body once, however often and by whomever it is asked for', async () => {
    const asked: number[] = []
    const readings = await seeing({ body: body('hello', asked) }, (request) =>
      Promise.all([request.body(10), request.body(10), request.body(5)]),
    )
    expect(readings.map(({ kind }) => kind)).toEqual(['bytes', 'bytes', 'bytes'])
    expect(asked).toEqual([10])
  })

  it('keeps each reader to its own limit', async () => {
    const asked: number[] = []
    const kinds = await seeing({ body: body('hello', asked) }, async (request) => {
      const kinds: string[] = []
      for (const limit of [3, 2, 10, 3]) kinds.push((await request.body(limit)).kind)
      return kinds
    })
    expect(kinds).toEqual(['too-large', 'too-large', 'bytes', 'too-large'])
    expect(asked).toEqual([3, 10])
  })
})
