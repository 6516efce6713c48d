import { authentication } from 'becauth'
import { z } from 'zod'
import { expectType } from '../../../test/types/expect-type.ts'
import type { AuthenticationProvider } from '../../core/provider.ts'
import type { RememberStore, SessionStore } from '../../core/session-store.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import type { Session, Sessions } from '../../sessions/types.ts'
import { session, sessions } from './session.ts'

interface Visitor {
  readonly name: string
  readonly theme: 'light' | 'dark'
}

declare const store: SessionStore
declare const rememberStore: RememberStore
declare const source: Parameters<typeof auth.decide>[0]

// ---- sessions() takes its type from the schema --------------------------------------------------------------------
const byZod = sessions({ store, schema: z.object({ name: z.string(), theme: z.enum(['light', 'dark']) }) })
expectType<Sessions<{ name: string; theme: 'light' | 'dark' }>>()(byZod)

declare const visitorSchema: StandardSchema<Visitor, Visitor>
const byHand = sessions({
  store,
  schema: visitorSchema,
  remember: {
    store: rememberStore,
    restore: async (subject) => (subject === '' ? null : { name: subject, theme: 'light' }),
  },
})
expectType<Sessions<Visitor>>()(byHand)

const encoded = sessions({
  store,
  schema: z.object({ at: z.date() }),
  encode: ({ at }) => at.toISOString(),
  decode: (stored) => ({ at: new Date(String(stored)) }),
})
expectType<Sessions<{ at: Date }>>()(encoded)

const transforming = sessions({
  store,
  schema: z.object({ tags: z.string().transform((text) => text.split(',')) }),
  encode: ({ tags }) => ({ tags: tags.join(',') }),
})
expectType<Sessions<{ tags: string[] }>>()(transforming)

// @ts-expect-error a schema that transforms needs encode
sessions({ store, schema: z.object({ tags: z.string().transform((text) => text.split(',')) }) })
// @ts-expect-error no schema
sessions({ store })
// @ts-expect-error not a store of sessions
sessions({ store: rememberStore, schema: visitorSchema })

// ---- the data reaches the handler ----------------------------------------------------------------------------------
const auth = authentication({
  visitor: session({ sessions: byHand }),
  staff: session({
    sessions: byHand,
    validate: ({ data, subject, authenticatedAt }) => (authenticatedAt === undefined ? null : { id: subject, ...data }),
  }),
})
expectType<AuthenticationProvider<Visitor>>()(session({ sessions: byHand }))

export async function handle(): Promise<void> {
  const visitor = await auth.decide(source, 'visitor')
  if (visitor.kind === 'authenticated') expectType<Visitor>()(visitor.principal)
  const staff = await auth.decide(source, 'staff')
  if (staff.kind === 'authenticated') {
    expectType<string>()(staff.principal.id)
    expectType<'light' | 'dark'>()(staff.principal.theme)
    expectType<number | undefined>()(staff.expiresAt)
  }

  // ---- what is done to sessions ------------------------------------------------------------------------------------
  const result = await byHand.login(source, { name: 'ada', theme: 'dark' }, { subject: 'ada', remember: true })
  // @ts-expect-error it may have been refused
  result.session.data
  if (result.kind === 'logged-in') expectType<Session<Visitor>>()(result.session)
  // @ts-expect-error another theme
  await byHand.login(source, { name: 'ada', theme: 'green' }, { subject: 'ada' })
  // @ts-expect-error whose?
  await byHand.login(source, { name: 'ada', theme: 'dark' }, {})
  await byHand.update(source, { theme: 'light' })
  await byHand.update(source, (data) => ({ ...data, name: data.name.trim() }))
  // @ts-expect-error not in the data
  await byHand.update(source, { colour: 'red' })
  await byHand.rotate(source, { because: 'periodic', graceSeconds: 60 })
  // @ts-expect-error a planted key must die at once
  await byHand.rotate(source, { because: 'step-up', graceSeconds: 60 })
  const [listed] = await byHand.list('ada')
  expectType<Visitor | undefined>()(listed?.data)
}

// @ts-expect-error a session whose data is no object needs validate
session({ sessions: sessions({ store, schema: z.string() }) })
export const counted: AuthenticationProvider<{ n: number }> = session({
  sessions: sessions({ store, schema: z.number() }),
  validate: ({ data }) => ({ n: data }),
})
// @ts-expect-error validate answers an object, null or a cause
session({ sessions: byHand, validate: () => true })
