import { describe, expect, it } from 'vitest'
import { type Answer, call } from './application.ts'
import { drill } from './drill.ts'
import { served } from './stores.ts'

const PEOPLE = 100
const TIMEOUT_SECONDS = 2
/** What a shared machine may add to a time-out. */
const SLACK_MILLISECONDS = 3000

/** Somebody who stays logged in and goes on asking, whatever the service answers. */
class Resident {
  readonly answers: Answer[] = []
  acknowledged = 0
  asked = 0
  readonly #origin: string
  readonly #cookie: string

  private constructor(origin: string, cookie: string) {
    this.#origin = origin
    this.#cookie = cookie
  }

  static async of(origin: string, subject: string): Promise<Resident> {
    const login = await call(origin, `POST /login?subject=${subject}`)
    if (login?.cookie === undefined) throw new Error(`${subject} cannot log in: ${login?.status}`)
    return new Resident(origin, login.cookie)
  }

  async ask(route: 'GET /me' | 'POST /add'): Promise<Answer> {
    if (route === 'POST /add') this.asked++
    const answer = await call(this.#origin, route, this.#cookie)
    if (answer === undefined) throw new Error('the application closed a connection')
    if (route === 'POST /add' && answer.status === 200) this.acknowledged++
    this.answers.push(answer)
    return answer
  }
}

/** Goes on asking, by turns, until something has been answered. */
async function until(residents: readonly Resident[], isEnough: (answer: Answer) => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  await Promise.all(
    residents.map(async (resident) => {
      for (let turn = 0; ; turn++) {
        if (isEnough(await resident.ask(turn % 2 === 0 ? 'GET /me' : 'POST /add'))) return
        if (performance.now() > deadline) throw new Error('what is waited for does not happen')
      }
    }),
  )
}

const isUp = ({ status }: Answer): boolean => status === 200
const isDown = ({ status }: Answer): boolean => status === 503

describe.each(served)('sessions in $name', ({ name, absent, start }) => {
  const outages = name === 'Redis' ? (['stopped', 'frozen'] as const) : (['stopped'] as const)

  it.skipIf(absent).each(outages)('are there again after the server was %s under load', async (how) => {
    await drill(start, async (open, { server }) => {
      const { origin } = await open({ timeoutSeconds: TIMEOUT_SECONDS })
      const residents = await Promise.all(
        Array.from({ length: PEOPLE }, (_, index) => Resident.of(origin, `somebody-${index}`)),
      )
      await until(residents, isUp)
      const underLoad = until(residents, isDown)
      if (how === 'frozen') server.signal('SIGSTOP')
      else await server.halt()
      await underLoad
      const login = await call(origin, 'POST /login?subject=newcomer')
      expect(login).toMatchObject({ status: 503, setsCookie: false })
      const back = until(residents, isUp)
      if (how === 'frozen') server.signal('SIGCONT')
      else await server.restart()
      await back

      const answers = residents.flatMap((resident) => resident.answers)
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]))
      expect(answers.filter(({ setsCookie }) => setsCookie)).toEqual([])
      const longest = Math.max(...answers.map(({ milliseconds }) => milliseconds))
      // One time-out for finding the session and one for changing it.
      expect(longest).toBeLessThan(2 * TIMEOUT_SECONDS * 1000 + SLACK_MILLISECONDS)
      for (const resident of residents) {
        const { status, body } = await resident.ask('GET /me')
        expect(status).toBe(200)
        const count = Number(Reflect.get(body, 'count'))
        expect(count).toBeGreaterThanOrEqual(resident.acknowledged)
        expect(count).toBeLessThanOrEqual(resident.asked)
      }
    })
  })
})
