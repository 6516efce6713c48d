import { authentication } from '../core/authentication.ts'
import { basic } from '../providers/basic/basic.ts'
import { form } from '../providers/form/form.ts'
import { type Passwords, passwords } from './passwords.ts'
import { type PasswordRecord, type PasswordVerifier, passwordTable, type UsernamePrincipal } from './table.ts'

interface User {
  readonly id: number
}

declare const hasher: Passwords
declare const hashes: ReadonlyMap<string, string>
declare const records: ReadonlyMap<string, PasswordRecord<User>>
declare const find: (name: string) => Promise<{ hash: string; principal: User } | null>
declare const rows: (name: string) => { hash: string | null; principal: User } | undefined

/** The principal is the username, what `principal` makes, or what the record holds. */
export const named: PasswordVerifier<UsernamePrincipal> = passwordTable(hashes, { passwords: hasher })
const made = passwordTable(hashes, { passwords: hasher, principal: (username) => ({ id: username.length }) })
export const madeId: PasswordVerifier<{ id: number }> = made
export const recorded: PasswordVerifier<User> = passwordTable(records, { passwords: hasher })
export const asked: PasswordVerifier<User> = passwordTable(find, { passwords: hasher })
export const row: PasswordVerifier<User> = passwordTable((name) => rows(name), { passwords: hasher })

/** The user of rehashOnLogin has the principal's type. */
passwordTable(find, {
  passwords: hasher,
  rehashOnLogin: ({ username, principal }, { oldHash, newHash }) =>
    [username.length, principal.id.toFixed(), oldHash.length, newHash.length].length,
})
passwordTable(find, {
  passwords: hasher,
  // @ts-expect-error the principal has no such field
  rehashOnLogin: ({ principal }) => principal.name,
})

/** It is a `validate` as it stands, and its principal reaches the handler. */
const auth = authentication({
  staff: basic({ realm: 'staff', validate: passwordTable(find, { passwords: hasher }) }),
  bots: form({ validate: passwordTable(hashes, { passwords: hasher }) }),
  made: basic({ realm: 'made', validate: made }),
})
export async function principal(source: Parameters<typeof auth.decide>[0]): Promise<number | string | undefined> {
  const outcome = await auth.decide(source, auth.anyOf('staff', 'bots', 'made'))
  if (outcome.kind !== 'authenticated') return undefined
  switch (outcome.provider) {
    case 'staff':
      // @ts-expect-error a name that the principal does not have
      outcome.principal.name
      return outcome.principal.id
    case 'bots':
      return outcome.principal.username
    case 'made':
      return outcome.principal.id
  }
}

// @ts-expect-error another principal
export const other: PasswordVerifier<{ name: string }> = passwordTable(records, { passwords: hasher })
// @ts-expect-error the hasher is required
passwordTable(hashes, {})
// @ts-expect-error a boolean says nothing about who it is
passwordTable(() => true, { passwords: hasher })
// @ts-expect-error a record without principal
passwordTable(() => ({ hash: 'x' }), { passwords: hasher })

passwords({ algorithm: 'argon2id', memoryKib: 19_456, passes: 2, parallelism: 1 })
passwords({ algorithm: 'scrypt', cost: 2 ** 17, pepper: { current: 'k1', keys: { k1: new Uint8Array(32) } } })
// @ts-expect-error the algorithm is never inferred
passwords({ cost: 2 ** 17 })
// @ts-expect-error a parameter of another algorithm
passwords({ algorithm: 'scrypt', memoryKib: 19_456 })
// @ts-expect-error an algorithm that is only verified
passwords({ algorithm: 'bcrypt' })
