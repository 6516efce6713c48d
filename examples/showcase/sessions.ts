import { type Sessions, sessions } from 'becauth/session'
import { z } from 'zod'
import type { Stores } from './stores.ts'
import { userNamed } from './users.ts'

/** What is kept of a session beside whose it is: the roles are looked up at every request, so that they may change. */
export interface Visit {
  readonly name: string
  /** By which program the person came, in our words. */
  readonly client: string
}

/** Ten sessions for each person; the eleventh login ends the oldest. */
const limit = 10

export function createSessions({ sessions: store, remember }: Stores): Sessions<Visit> {
  return sessions<Visit>({
    store,
    schema: z.object({ name: z.string(), client: z.string() }),
    maxConcurrent: { limit, onExceed: 'oldest' },
    remember: {
      store: remember,
      restore: (name, { request }) => {
        const user = userNamed(name)
        return user && { name: user.name, client: clientOf(request.header('user-agent')) }
      },
    },
  })
}

const clients = [
  ['curl/', 'curl'],
  ['Edg/', 'Edge'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chromium'],
  ['Safari/', 'Safari'],
] as const

/** A word of ours for a `User-Agent`: what a client sends is shown to nobody. */
export function clientOf(userAgent: string = ''): string {
  return clients.find(([mark]) => userAgent.includes(mark))?.[1] ?? 'another client'
}
