import { createHmac, randomBytes } from 'node:crypto'
import { invalidCredentials, isCause, type Validated } from 'becauth'
import { hashApiKey } from 'becauth/api-key'
import { constantTimeEqual } from 'becauth/crypto'

/** The principal of every provider here: what handlers know about somebody. */
export interface User {
  readonly name: string
  readonly roles: readonly string[]
}

const ada: User = { name: 'ada', roles: ['admin', 'user'] }
const alan: User = { name: 'alan', roles: ['user'] }
const grace: User = { name: 'grace', roles: ['user'] }

// These secrets are printed on the page, so a fast hash under a key that dies with the process will do. It makes all
// digests equally long, and looking one up tells nothing about its neighbours. A real password wants scrypt or Argon2.
const hashKey = randomBytes(32)

const users = new Map([ada, alan, grace].map((user) => [user.name, user]))
// Digest computes with the password itself, or with a hash that is as good.
const secrets = new Map([
  [ada, 'lovelace'],
  [alan, 'enigma'],
  [grace, 'hopper£ü'],
])
const passwords = new Map([...secrets].map(([user, secret]) => [user.name, { user, digest: digest(secret) }]))
const nobodysDigest = digest(randomBytes(32).toString('hex'))

const tokens = new Map([[digest('ada-token'), ada]])
// As in a real table of keys: whoever reads it has no key. Random keys need no slow hash.
const apiKeys = new Map([[await hashApiKey('ada-key'), ada]])

// The reasons reach the live view and logs. Clients get the same 401 for both.
const unknown = invalidCredentials('unknown')
const wrongSecret = invalidCredentials('wrong-secret')

/** An unknown name costs the same work as a wrong password, so that time does not tell who exists. */
export function checkPassword({ username, password }: { username: string; password: string }): Validated<User> {
  const account = passwords.get(username)
  const right = constantTimeEqual(digest(password), account?.digest ?? nobodysDigest)
  if (account === undefined) return unknown
  return right ? account.user : wrongSecret
}

/** Whose name and password they are: what the servers beside the showcase want to know. */
export function personOf(username: string, password: string): User | null {
  const answer = checkPassword({ username, password })
  return isCause(answer) ? null : answer
}

/** Whoever a provider has proved to be the one of this name. */
export function userNamed(name: string): User | null {
  return users.get(name) ?? null
}

export function secretOf(name: string): string | null {
  const user = users.get(name)
  return (user && secrets.get(user)) ?? null
}

export function checkToken({ token }: { token: string }): Validated<User> {
  return tokens.get(digest(token)) ?? unknown
}

export async function checkApiKey({ key }: { key: string }): Promise<Validated<User>> {
  return apiKeys.get(await hashApiKey(key)) ?? unknown
}

function digest(secret: string): string {
  return createHmac('sha256', hashKey).update(secret).digest('base64')
}
