import { type InvalidCredentials, invalidCredentials } from '../../core/cause.ts'
import type { AuthenticationContext, Awaitable, Principal } from '../../core/provider.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import type { Validated } from '../../core/validate.ts'
import type { DirectoryEntry } from './directory.ts'
import type { DirectoryUser } from './options.ts'

/** A user whose attributes have names that only the caller's types know. */
export interface AnyUser extends Omit<DirectoryUser, 'attributes'> {
  readonly attributes: Readonly<Record<string, readonly string[] | readonly Uint8Array[]>>
}

/** Turns a user into the principal. */
export type AnyMapper = (
  user: AnyUser,
  context: Pick<AuthenticationContext, 'signal'>,
) => Awaitable<Validated<Principal>>

const doesNotFit: InvalidCredentials = invalidCredentials('missing-claim', {
  detail: 'the entry does not fit the schema "principal"',
})

/** What `principal` may be, whatever the names of its user's attributes. */
export type AnyPrincipalOption =
  | ((user: never, context: Pick<AuthenticationContext, 'signal'>) => Awaitable<Validated<Principal>>)
  | StandardSchema<Principal>
  | undefined

/** @throws TypeError when the option cannot be used. */
export function mapperOf(principal: AnyPrincipalOption): AnyMapper {
  if (principal === undefined) return (user) => user
  if (isSchema(principal)) {
    return async (user) => {
      const result = await principal['~standard'].validate(user)
      return result.issues === undefined ? result.value : doesNotFit
    }
  }
  if (isMapper(principal)) return principal
  throw new TypeError('ldap(): "principal" must be a function or a Standard Schema')
}

/** The attributes under the names that were asked for. */
export function attributesOf(
  entry: DirectoryEntry | undefined,
  text: readonly string[],
  binary: readonly string[],
): AnyUser['attributes'] {
  const attributes: Record<string, readonly string[] | readonly Uint8Array[]> = {}
  for (const name of text) attributes[name] = Object.freeze([...(entry?.text(name) ?? [])])
  for (const name of binary) attributes[name] = Object.freeze([...(entry?.octets(name) ?? [])])
  return Object.freeze(attributes)
}

/** Schemas may be functions, as those of ArkType are. */
function isSchema(value: unknown): value is StandardSchema<Principal> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value))
    return false
  const standard = value['~standard']
  return (
    typeof standard === 'object' &&
    standard !== null &&
    'validate' in standard &&
    typeof standard.validate === 'function'
  )
}

/** The compiler has seen to it that it takes the user that the other options make. */
function isMapper(value: unknown): value is AnyMapper {
  return typeof value === 'function'
}
