import { assert, asyncProperty, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TransactionCookies } from './transaction-cookies.ts'

const keys = [{ id: 'a', key: 'a key of a test with more than 32 octets' }]
const options = { keys, insecure: false, prefix: 'becauth-tx-', kind: 'oauth-tx', owner: 'test' }
const cookies = new TransactionCookies(options)

const asking = (cookie: string) => ({ header: (name: string) => (name === 'cookie' ? cookie : undefined) })
const pairOf = ([, value]: readonly [string, string]) => value.split(';')[0] ?? ''

async function begun(state: string, createdAt = 1000, made = cookies): Promise<string> {
  const fields = await made.begin(asking(''), state, { createdAt, state }, 'Lax')
  return fields?.map(pairOf).join('; ') ?? ''
}

async function opened(cookie: string, state: string, now = 1000, at = cookies): Promise<unknown> {
  const result = await at.open(asking(cookie), state, now)
  return result.content ?? result.reason
}

describe('the cookie of a login', () => {
  it('opens for its state and no other', async () => {
    const cookie = await begun('one')
    expect(await opened(cookie, 'one')).toEqual({ createdAt: 1000, state: 'one' })
    expect(await opened(cookie, 'two')).toBe('absent')
  })

  it('opens from its second to the last of ten minutes', async () => {
    const cookie = await begun('one')
    expect(await opened(cookie, 'one', 1599)).toMatchObject({ createdAt: 1000 })
    expect(await opened(cookie, 'one', 1600)).toBe('expired')
    expect(await opened(cookie, 'one', 939)).toBe('expired')
  })

  it.each([
    [false, /^__Host-becauth-tx-[\w-]{16}=e1\.a\.[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=None$/],
    [true, /^becauth-tx-[\w-]{16}=e1\.a\.[\w.-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=None$/],
  ])('is for HTTP alone, for the whole origin and, insecure being %s, as secure as that', async (insecure, field) => {
    const made = new TransactionCookies({ ...options, insecure })
    const fields = await made.begin(asking(''), 'one', { createdAt: 1000 }, 'None')
    expect(fields).toEqual([['Set-Cookie', expect.stringMatching(field)]])
  })

  it('does not open for another kind of login, nor under the name of another state', async () => {
    const [one, two] = [await begun('one'), await begun('two')]
    const foreign = new TransactionCookies({ ...options, kind: 'oauth1-tx' })
    expect(await opened(one, 'one', 1000, foreign)).toBe('bad-signature')
    expect(await opened(`${two.split('=')[0]}=${one.split('=')[1]}`, 'two')).toBe('bad-signature')
  })

  it('is deleted when it came, whatever is wrong with it', async () => {
    const cookie = await begun('one')
    const deletion = [
      'Set-Cookie',
      expect.stringMatching(/^__Host-becauth-tx-[\w-]{16}=; Max-Age=0; Path=\/; HttpOnly; Secure/),
    ]
    for (const sent of [cookie, `${cookie}; ${cookie}`, cookie.slice(0, -2)]) {
      expect(await cookies.open(asking(sent), 'one', 1000)).toMatchObject({ deletion })
    }
    expect(await cookies.open(asking(cookie), 'two', 1000)).toEqual({ reason: 'absent', deletion: undefined })
  })

  it('is refused when it comes twice, was altered, or is of another key', async () => {
    const cookie = await begun('one')
    expect(await opened(`${cookie}; ${cookie}`, 'one')).toBe('twice')
    expect(await opened(`${cookie.slice(0, -2)}AA`, 'one')).toBe('bad-signature')
    expect(await opened(cookie.replace('=e1.a.', '=e1.b.'), 'one')).toBe('unknown-key')
    const name = cookie.split('=')[0]
    expect(await opened(`${name}=nonsense`, 'one')).toBe('malformed-credential')
  })

  it('never has more than 1,536 octets', async () => {
    const fields = await cookies.begin(asking(''), 's', { createdAt: 1000, text: 'x'.repeat(1200) }, 'Lax')
    expect(fields).toBeUndefined()
  })

  it('pushes out the oldest of five, and first what is over or unreadable', async () => {
    const five = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((state, index) => begun(state, 1000 + index)))
    const dropped = async (all: readonly string[], now: number) => {
      const fields = await cookies.begin(asking(all.join('; ')), 'f', { createdAt: now }, 'None')
      return fields?.filter(([, value]) => value.includes('Max-Age=0')).map(([, value]) => value.split('=')[0])
    }
    const nameOf = (cookie = '') => cookie.split('=')[0]
    expect(await dropped(five, 1010)).toEqual([nameOf(five[0])])
    expect(await dropped(five.slice(0, 4), 1010)).toEqual([])
    const broken = five.with(3, `${nameOf(five[3])}=nonsense`)
    expect(await dropped(broken, 1010)).toEqual([nameOf(five[3])])
    expect(
      await dropped([...five, ...(await Promise.all(['g', 'h'].map((state) => begun(state, 1009))))], 1010),
    ).toEqual([nameOf(five[0]), nameOf(five[1]), nameOf(five[2])])
  })

  it('throws at no cookie and no state', async () => {
    const property = asyncProperty(string({ unit: 'binary' }), string({ unit: 'grapheme' }), async (cookie, state) => {
      expect(await opened(cookie, state)).toBe('absent')
    })
    await assert(property, { numRuns: 200 })
  })
})
