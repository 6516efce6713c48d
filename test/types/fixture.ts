import {
  AuthenticationFailedCause,
  authentication,
  provider,
  type RequestSource,
  type Requirement,
  type Who,
} from 'becauth'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { z } from 'zod'

export interface Staff {
  name: string
  role: 'admin' | 'clerk'
}

export interface Device {
  serial: string
}

export type Claims = { sub: string; scope: string }

export declare const source: RequestSource
export declare const directory: { find(name: string, password: string): Promise<Staff | null> }

/** What a handler behind the requirement receives. */
export declare function who<W extends Who>(requirement: Requirement<W>): W

const schema = z.object({ sub: z.string(), scope: z.string() })

export const auth = authentication({
  staff: basic({ realm: 'staff', validate: ({ username, password }) => directory.find(username, password) }),
  api: bearer({ validate: ({ token }) => schema.safeParse(JSON.parse(token)).data ?? null }),
  mtls: provider({
    challenge: { scheme: 'Certificate' },
    authenticate: ({ request }) =>
      request.peer.encrypted
        ? { principal: { serial: request.header('x-serial') ?? '' } }
        : { cause: AuthenticationFailedCause.NoCredentials },
  }),
})

/** Another registry: its requirements are foreign to `auth`. */
export const otherAuth = authentication({ partner: basic({ realm: 'partner', validate: () => ({ partner: 1 }) }) })
