import { describe, expect, it } from 'vitest'
import { drill } from './drill.ts'
import { People, untilUp } from './people.ts'
import { served, shared, sqliteFile } from './stores.ts'

const CROWD = 200
const ENOUGH = 1000

describe.each(shared)('sessions in $name', ({ absent, start }) => {
  it.skipIf(absent)('survive the sudden death of the application under 200 people at once', async () => {
    await drill(start, async (open) => {
      const application = await open()
      const people = new People()
      const living = people.live(application.origin, CROWD)
      await people.until(ENOUGH)
      await application.kill()
      await living
      expect(people.failures).toEqual(new Set([0]))
      await people.verify((await open()).origin)
    })
  })
})

describe.each(served)('sessions in $name', ({ absent, start }) => {
  it.skipIf(absent)('survive the sudden death of the server under 200 people at once', async () => {
    await drill(start, async (open, { server }) => {
      const { origin } = await open()
      const people = new People()
      const living = people.live(origin, CROWD)
      await people.until(ENOUGH)
      await server.kill()
      await living
      expect(people.failures).toEqual(new Set([503]))
      await server.restart()
      await untilUp(origin)
      await people.verify(origin)
    })
  })
})

describe('sessions in SQLite', () => {
  it('go on in one process when the other one that has the file dies suddenly', async () => {
    await drill(sqliteFile, async (open) => {
      const [dying, staying] = [await open(), await open()]
      const [unlucky, lucky] = [new People(), new People()]
      const living = [unlucky.live(dying.origin, CROWD / 2), lucky.live(staying.origin, CROWD / 2, CROWD / 2)]
      await Promise.all([unlucky.until(ENOUGH / 2), lucky.until(ENOUGH / 2)])
      await dying.kill()
      await lucky.until(ENOUGH / 2)
      lucky.over()
      await Promise.all(living)
      expect([...lucky.failures]).toEqual([])
      await unlucky.verify(staying.origin)
      await lucky.verify(staying.origin)
    })
  })
})
