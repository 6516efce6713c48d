import type { HeaderField } from 'becauth'
import * as forExpress from 'becauth/express'
import * as forFastify from 'becauth/fastify'
import { fetchSource } from 'becauth/fetch'
import * as forHono from 'becauth/hono'
import * as forNode from 'becauth/node'
import type { LoginResult, Session, Sessions } from 'becauth/session'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { expectType } from './expect-type.ts'
import { auth } from './fixture.ts'

interface Visit {
  readonly name: string
  readonly theme: 'light' | 'dark'
}

declare const sessions: Sessions<Visit>
const staff = auth.require('staff')
const dark = (name: string): Visit => ({ name, theme: 'dark' })

// ---- the source of every adapter is what sessions act on, and the types stay ---------------------------------------
express().post(
  '/users/:id',
  forExpress.protect(staff, async (req, res, { principal }) => {
    const source = forExpress.requestSource(req, res)
    const result = await sessions.login(source, dark(principal.name), { subject: principal.name })
    expectType<LoginResult<Visit>>()(result)
    expectType<Session<Visit> | undefined>()(await sessions.current(source))
    // @ts-expect-error another theme
    await sessions.login(source, { name: 'ada', theme: 'green' }, { subject: 'ada' })
    // @ts-expect-error not in the data
    await sessions.update(source, { colour: 'red' })
    res.send()
  }),
)
fastify().post<{ Params: { id: string } }>('/users/:id', async (request, reply) => {
  await sessions.login(forFastify.requestSource(request, reply), dark(request.params.id), { subject: 'ada' })
  // @ts-expect-error the reply is what the cookie is set on
  forFastify.requestSource(request)
})
new Hono<{ Bindings: { NAME: string } }>().post('/users/:id', async (c) => {
  await sessions.login(forHono.requestSource(c), dark(c.env.NAME), { subject: c.req.param('id') })
  return c.body(null)
})
forNode.protect(staff, async (request, response, { principal }) => {
  const { headers } = await sessions.logout(forNode.requestSource(request, response))
  expectType<readonly HeaderField[]>()(headers)
  response.end(principal.name)
})
export async function handle(request: Request): Promise<Response> {
  const { headers } = await sessions.logout(fetchSource(request))
  return new Response(null, { headers: headers.map(([name, value]) => [name, value]) })
}
