import type { Anonymous, Authenticated, Refused } from 'becauth'
import { authenticate, protect } from 'becauth/express'
import express, { type NextFunction, type Request, type Response, Router } from 'express'
import { expectType } from '../../../test/types/expect-type.ts'
import { auth, type Claims, type Staff } from '../../../test/types/fixture.ts'

type StaffWho = Authenticated<'staff', { staff: Staff }>

const app = express()
const staff = authenticate(auth.require('staff'))
const maybe = authenticate(auth.optional('api'))

// ---- authenticate(): path parameters keep their types --------------------------------------------------------------
app.get('/users/:id', staff, (req, res) => {
  expectType<string>()(req.params.id)
  expectType<StaffWho>()(staff.of(req))
  // @ts-expect-error not in the path
  req.params.name
  res.send(staff.of(req).principal.name)
})
app.get('/users/:id/:tab', staff, maybe, async (req, res) => {
  expectType<{ id: string; tab: string }>()({ ...req.params })
  expectType<Authenticated<'api', { api: Claims }> | Anonymous>()(maybe.of(req))
  res.send()
})
app.get('/users/:id', [staff, maybe], (_req: Request, res: Response) => res.send())
app.post<{ id: string }, { ok: boolean }, { age: number }>('/users/:id', staff, (req, res) => {
  expectType<number>()(req.body.age)
  res.json({ ok: staff.of(req).principal.role === 'admin' })
})
app.use(staff)
app.use(
  '/admin',
  staff,
  Router()
    .use(staff)
    .get('/', staff, (req, res) => res.send(staff.of(req).provider)),
)
app
  .route('/users/:id')
  .all(staff)
  .get((req, res) => res.send(staff.of(req).provider))
// @ts-expect-error may be anonymous
app.get('/', maybe, (req, res) => res.send(maybe.of(req).principal.sub))

// ---- protect() -----------------------------------------------------------------------------------------------------
app.get(
  '/me',
  protect(auth.require('staff'), (req, res, who, next) => {
    expectType<Request>()(req)
    expectType<Response>()(res)
    expectType<StaffWho>()(who)
    expectType<NextFunction>()(next)
    res.send(who.principal.name)
  }),
)
app.get(
  '/users/:id',
  protect(auth.anyOf('staff', 'api'), (req: Request<{ id: string }>, res, who) => {
    expectType<string>()(req.params.id)
    if (who.provider === 'api') expectType<Claims>()(who.principal)
    res.send()
  }),
)
protect(
  auth.require('api'),
  // @ts-expect-error the handler is for another who
  (_req, _res, who: StaffWho) => who.principal.name,
)
// @ts-expect-error no handler
protect(auth.require('api'))
// @ts-expect-error a name is not a requirement
authenticate('api')

// ---- options -------------------------------------------------------------------------------------------------------
authenticate(auth.require('api'), {
  passErrors: true,
  onRefused: (refused, request, response) => {
    expectType<Refused>()(refused)
    expectType<Request>()(request)
    expectType<Response>()(response)
    return response.status(refused.response.status).render('login', { from: request.path })
  },
})
protect(auth.require('api'), (_req, res) => res.send(), {
  onRefused: async (_refused, request, response) => {
    expectType<Request>()(request)
    response.json({ sorry: true })
  },
})
// @ts-expect-error there is no such option
authenticate(auth.require('api'), { onRefusal: () => {} })
