import { EventEmitter, once } from 'node:events'
import { expect } from 'vitest'
import { call } from './application.ts'

/** A session as its browser knows it. */
interface Visit {
  readonly subject: string
  readonly cookie: string
  readonly handle: string
  /** How many changes were acknowledged, and how many were asked for. */
  acknowledged: number
  asked: number
  /** Whether somebody asked for its end, and whether that was acknowledged. */
  ending: boolean
  ended: boolean
}

/** Some hundred people who log in, change things and leave, all at once, until the service fails them. */
export class People {
  readonly visits: Visit[] = []
  /** Statuses of all answers but the good ones; 0 is a broken connection. */
  readonly failures = new Set<number>()
  acknowledged = 0
  readonly #events = new EventEmitter()
  /** Logins, by subject, that may have happened or not. */
  readonly #unknown = new Map<string, number>()
  #isOver = false

  /** Lives until the service fails or `over`, as so many people. */
  async live(origin: string, count: number, from = 0): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, index) => this.#person(origin, `somebody-${from + index}`)))
  }

  /** Waits until so many more things were acknowledged. */
  async until(acknowledged: number): Promise<void> {
    const wanted = this.acknowledged + acknowledged
    const signal = AbortSignal.timeout(10_000)
    while (this.acknowledged < wanted) await once(this.#events, 'acknowledged', { signal })
  }

  over(): void {
    this.#isOver = true
  }

  async #ask(origin: string, route: string, cookie?: string) {
    const answer = await call(origin, route, cookie)
    if (answer?.status !== 200) {
      this.failures.add(answer?.status ?? 0)
      return undefined
    }
    this.acknowledged++
    this.#events.emit('acknowledged')
    return answer
  }

  async #person(origin: string, subject: string): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const login = await this.#ask(origin, `POST /login?subject=${subject}`)
      if (login === undefined) {
        this.#unknown.set(subject, (this.#unknown.get(subject) ?? 0) + 1)
        return
      }
      if (login.cookie === undefined) throw new Error('a login sets no cookie')
      const handle = String(Reflect.get(login.body, 'handle'))
      const visit = { subject, cookie: login.cookie, handle, acknowledged: 0, asked: 0, ending: false, ended: false }
      this.visits.push(visit)
      if (!(await this.#stay(origin, visit, turn))) return
    }
  }

  async #stay(origin: string, visit: Visit, turn: number): Promise<boolean> {
    for (let change = 0; change < 3; change++) {
      visit.asked++
      if ((await this.#ask(origin, 'POST /add', visit.cookie)) === undefined) return false
      visit.acknowledged++
    }
    if (turn % 3 === 0) return true
    visit.ending = true
    const { subject, handle, cookie } = visit
    const route = turn % 3 === 1 ? 'POST /logout' : `POST /revoke?subject=${subject}&handle=${handle}`
    if ((await this.#ask(origin, route, turn % 3 === 1 ? cookie : undefined)) === undefined) return false
    visit.ended = true
    return true
  }

  /**
   * Checks that every acknowledged login, change and end holds, that nothing is half there, and that all of it can be
   * ended.
   */
  async verify(origin: string): Promise<void> {
    await inTurns(this.visits, async (visit) => {
      const answer = await call(origin, 'GET /me', visit.cookie)
      const { status } = answer ?? {}
      if (visit.ended) expect(status, 'an ended session is back').toBe(401)
      else if (!visit.ending) expect(status, 'an acknowledged login is lost').toBe(200)
      if (status !== 200 || answer === undefined || visit.ended) return
      expect(answer.body).toEqual({ subject: visit.subject, handle: visit.handle, count: expect.any(Number) })
      const count = Number(Reflect.get(answer.body, 'count'))
      expect(count, 'an acknowledged change is lost').toBeGreaterThanOrEqual(visit.acknowledged)
      expect(count, 'a change was made twice').toBeLessThanOrEqual(visit.asked)
    })
    const subjects = new Set([...this.visits.map(({ subject }) => subject), ...this.#unknown.keys()])
    await inTurns([...subjects], (subject) => this.#verifyList(origin, subject))
    const all = await inTurns(this.visits, async ({ cookie }) => (await call(origin, 'GET /me', cookie))?.status)
    expect(new Set(all), 'a session outlived the end of all').toEqual(new Set([401]))
  }

  async #verifyList(origin: string, subject: string): Promise<void> {
    const own = this.visits.filter((visit) => visit.subject === subject)
    const { body } = (await call(origin, `GET /sessions?subject=${subject}`)) ?? {}
    if (!Array.isArray(body)) throw new Error(`there is no list: ${JSON.stringify(body)}`)
    for (const listed of body) expect(listed).toMatchObject({ subject, count: expect.any(Number) })
    const handles = body.map(({ handle }) => String(handle))
    expect(own.filter(({ ended, handle }) => ended && handles.includes(handle))).toEqual([])
    expect(own.filter(({ ending, handle }) => !ending && !handles.includes(handle))).toEqual([])
    const strange = handles.filter((handle) => own.every((visit) => visit.handle !== handle))
    expect(strange.length).toBeLessThanOrEqual(this.#unknown.get(subject) ?? 0)
    expect((await call(origin, `POST /revoke-all?subject=${subject}`))?.body).toEqual({ revoked: handles.length })
  }
}

/** Does something for everybody, fifty at a time. */
async function inTurns<T, R>(list: readonly T[], act: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  const rest = list.values()
  const worker = async (): Promise<void> => {
    for (const one of rest) results.push(await act(one))
  }
  await Promise.all(Array.from({ length: 50 }, worker))
  return results
}

/** Asks until the store is there again, ten seconds at most. */
export async function untilUp(origin: string): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const answer = await call(origin, 'GET /sessions?subject=nobody')
    if (answer?.status === 200) return
    if (performance.now() > deadline) throw new Error(`the store did not come back: ${JSON.stringify(answer)}`)
  }
}
