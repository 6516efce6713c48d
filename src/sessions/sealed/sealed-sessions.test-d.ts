import { z } from 'zod'
import type { AuthenticationProvider } from '../../core/provider.ts'
import { session } from '../../providers/session/session.ts'
import type { SessionRequest } from '../types.ts'
import { sealedSessions } from './sealed-sessions.ts'
import type { SealedSession, SealedSessions } from './session.ts'

interface Data {
  readonly name: string
}

declare const request: SessionRequest
const keys = [{ id: 'k', key: 'x' }]
const schema = z.object({ name: z.string() })

/** The data's type is the schema's. */
export const sealed: SealedSessions<{ name: string }> = sealedSessions({ keys, absoluteSeconds: 60, schema })

/** The session provider takes them, and the principal is the data unless `validate` says otherwise. */
export const plain: AuthenticationProvider<{ name: string }> = session({ sessions: sealed })
export const whole: AuthenticationProvider<SealedSession<Data>> = session({
  sessions: sealed,
  validate: (found) => found,
})

export async function calls(): Promise<void> {
  await sealed.login(request, { name: 'Anna' }, { subject: 'anna' })
  // @ts-expect-error whose session it is
  await sealed.login(request, { name: 'Anna' }, {})
  // @ts-expect-error data that is not the schema's
  await sealed.replace(request, { name: 7 })
  // @ts-expect-error a browser is remembered by stored sessions
  await sealed.login(request, { name: 'Anna' }, { subject: 'anna', remember: true })
  // @ts-expect-error nothing compares and sets: the last writer wins
  sealed.update
  // @ts-expect-error nobody has a list
  sealed.list
  // @ts-expect-error nobody can end one
  sealed.revoke
  // @ts-expect-error nobody can end all
  sealed.revokeAll
  // @ts-expect-error there is no key to change
  sealed.rotate
}

// @ts-expect-error the absolute end is required
sealedSessions({ keys, schema })
// @ts-expect-error sealed sessions cannot be counted
sealedSessions({ keys, absoluteSeconds: 60, schema, maxConcurrent: { limit: 3, onExceed: 'refuse' } })
// @ts-expect-error nor remembered
sealedSessions({ keys, absoluteSeconds: 60, schema, remember: {} })
// @ts-expect-error two cookies at most
sealedSessions({ keys, absoluteSeconds: 60, schema, chunks: 3 })
// @ts-expect-error a schema that transforms is not kept as JSON
sealedSessions({ keys, absoluteSeconds: 60, schema: z.object({ at: z.string().transform((text) => new Date(text)) }) })
