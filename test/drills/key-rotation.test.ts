import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { authentication } from 'becauth'
import { protect, requestSource } from 'becauth/node'
import { type SealingKey, sealedSessions, session } from 'becauth/session'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { freePort } from '../servers/process.ts'
import { call } from './application.ts'

const START = 1_800_000_000
const older: SealingKey = { id: 'a', key: 'the older key of the ring, 32 bytes at least' }
const newer: SealingKey = { id: 'b', key: 'the newer key of the ring, 32 bytes at least' }
const deleted = { cookie: '__Host-session=', setsCookie: true }

/** A service over HTTP whose sessions are sealed with the first of these keys, `age` seconds later; its origin. */
async function serving(keys: readonly SealingKey[], age = 0): Promise<string> {
  const clock = (): number => START + age
  const sessions = sealedSessions({ keys, absoluteSeconds: 3600, schema: z.object({ name: z.string() }), clock })
  const auth = authentication({ visitor: session({ sessions }) }, { clock })
  const required = protect(auth.require('visitor'), (_request, response, { principal }) =>
    response.end(JSON.stringify(principal)),
  )
  const optional = protect(auth.optional('visitor'), (_request, response, who) =>
    response.end(JSON.stringify({ kind: who.kind })),
  )
  const server: Server = createServer(async (request, response) => {
    if (request.url === '/required') return required(request, response)
    if (request.url === '/optional') return optional(request, response)
    await sessions.login(requestSource(request, response), { name: 'ada' }, { subject: 'ada' })
    return response.end('{}')
  })
  const port = await freePort()
  await once(server.listen(port, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${port}`
}

async function loggedIn(origin: string): Promise<string> {
  const cookie = (await call(origin, 'POST /login'))?.cookie
  if (cookie === undefined) throw new Error('a login sets no cookie')
  return cookie
}

describe('sealed sessions over HTTP, while keys are rotated', () => {
  it('are opened by the old key and sealed again under the new one, which then is enough', async () => {
    const before = await loggedIn(await serving([older]))
    expect(before).toMatch(/^__Host-session=e1\.a\./)
    const both = await serving([newer, older])
    const answer = await call(both, 'GET /required', before)
    expect(answer).toMatchObject({ status: 200, body: { name: 'ada' } })
    expect(answer?.cookie).toMatch(/^__Host-session=e1\.b\./)
    expect(await call(both, 'GET /required', answer?.cookie)).toMatchObject({ status: 200, setsCookie: false })
    const after = await serving([newer])
    expect(await call(after, 'GET /required', answer?.cookie)).toMatchObject({ status: 200, body: { name: 'ada' } })
  })

  it('are over and deleted when their key was taken out: never a 500', async () => {
    const cookie = await loggedIn(await serving([older]))
    const after = await serving([newer])
    expect(await call(after, 'GET /required', cookie)).toMatchObject({ status: 401, ...deleted })
    expect(await call(after, 'GET /optional', cookie)).toMatchObject({
      status: 200,
      body: { kind: 'anonymous' },
      ...deleted,
    })
  })

  it('are anonymous and deleted on an optional route when their time is over: not a 401', async () => {
    const cookie = await loggedIn(await serving([newer]))
    const later = await serving([newer], 3600)
    expect(await call(later, 'GET /optional', cookie)).toMatchObject({
      status: 200,
      body: { kind: 'anonymous' },
      ...deleted,
    })
    expect(await call(later, 'GET /required', cookie)).toMatchObject({ status: 401, ...deleted })
  })

  it('are refused with any bit of the sealed text flipped', async () => {
    const origin = await serving([newer])
    const cookie = await loggedIn(origin)
    const last = cookie.lastIndexOf('.') + 1
    const octets = Buffer.from(cookie.slice(last), 'base64url')
    const forged = Array.from({ length: octets.length * 8 }, (_, bit) => {
      const copy = Buffer.from(octets)
      copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return cookie.slice(0, last) + copy.toString('base64url')
    })
    expect(new Set(forged).size).toBe(octets.length * 8)
    const answers = await Promise.all(forged.map((each) => call(origin, 'GET /required', each)))
    expect(new Set(answers.map((answer) => answer?.status))).toEqual(new Set([401]))
    expect(await call(origin, 'GET /required', cookie)).toMatchObject({ status: 200 })
  })
})
