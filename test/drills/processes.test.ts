import { describe, expect, it } from 'vitest'
import { type Answer, type Application, call } from './application.ts'
import { drill } from './drill.ts'
import { shared } from './stores.ts'

const PROCESSES = 4
const HOUR_BEFORE_SECONDS = 3600

async function four(open: (more: object) => Promise<Application>, options: object): Promise<readonly Application[]> {
  return Promise.all(Array.from({ length: PROCESSES }, () => open({ timeoutSeconds: 15, options })))
}

/** Asks so many times at once, each process in turn. */
async function atOnce(
  applications: readonly Application[],
  count: number,
  route: (index: number) => string,
  cookie?: string,
): Promise<readonly (Answer | undefined)[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const { origin } = applications[index % applications.length] ?? { origin: '' }
      return call(origin, route(index), cookie)
    }),
  )
}

const statusOf = (answer: Answer | undefined): number => answer?.status ?? 0

describe.each(shared)('four processes with their sessions in $name', ({ absent, start }) => {
  it.skipIf(absent)('renew a session once among 1,000 requests, and lose none of 500 changes', async () => {
    await drill(start, async (open) => {
      const applications = await four(open, { touchEverySeconds: 300 })
      const { origin } = applications[0] ?? { origin: '' }
      await call(origin, `POST /clock?offset=-${HOUR_BEFORE_SECONDS}`)
      const login = await call(origin, 'POST /login?subject=ada')
      await call(origin, 'POST /clock?offset=0')
      const route = (index: number): string => (Math.floor(index / PROCESSES) % 2 === 0 ? 'GET /me' : 'POST /add')
      const answers = await atOnce(applications, 1000, route, login?.cookie)
      expect(new Set(answers.map(statusOf))).toEqual(new Set([200]))
      const counts = await Promise.all(applications.map(async (one) => (await call(one.origin, 'GET /counts'))?.body))
      const sum = (name: string): number =>
        counts.reduce((total, each) => total + Number(Reflect.get(Object(each), name)), 0)
      expect(sum('touched')).toBe(1)
      expect(sum('replaced')).toBe(500)
      expect((await call(origin, 'GET /me', login?.cookie))?.body).toMatchObject({ count: 500 })
    })
  })

  it.skipIf(absent).each(['oldest', 'refuse'])('keep three sessions of 100 logins at once: %s', async (onExceed) => {
    await drill(start, async (open) => {
      const applications = await four(open, { maxConcurrent: { limit: 3, onExceed } })
      const answers = await atOnce(applications, 100, () => 'POST /login?subject=ada')
      const loggedIn = answers.filter((answer) => answer?.status === 200)
      expect(loggedIn).toHaveLength(onExceed === 'oldest' ? 100 : 3)
      expect(new Set(answers.map(statusOf))).toEqual(new Set(onExceed === 'oldest' ? [200] : [200, 409]))
      const { origin } = applications[0] ?? { origin: '' }
      const list = await call(origin, 'GET /sessions?subject=ada')
      expect(list?.body).toHaveLength(3)
      const visits = await Promise.all(loggedIn.map((answer) => call(origin, 'GET /me', answer?.cookie)))
      expect(visits.filter((answer) => answer?.status === 200)).toHaveLength(3)
      expect(visits.map(statusOf).filter((status) => status !== 200 && status !== 401)).toEqual([])
    })
  })
})
