import { randomBytes } from 'node:crypto'
import type { AuthenticationError, InvalidCredentials } from '../../core/cause.ts'
import type { UserPasswordCredential } from '../../core/credential.ts'
import { type BindVerdict, judge, unknown, wrongSecret } from './answer.ts'
import type { BindPool } from './bind-pool.ts'
import type { DirectoryEntry } from './directory.ts'
import { lasting } from './errors.ts'
import { isBindName, isUsablePassword, isUsableUsername } from './names.ts'
import type { Pace } from './pace.ts'
import type { ServicePool } from './service-pool.ts'
import type { LdapSettings, SearchSettings } from './settings.ts'
import { type AnyUser, attributesOf } from './user.ts'

/** What a login needs. */
export interface LoginTools {
  readonly settings: LdapSettings
  readonly directory: ServicePool
  readonly binds: BindPool
  readonly pace: Pace
}

/** Somebody, or why not. */
export type LoginResult =
  | { readonly user: AnyUser; readonly cause?: undefined }
  | { readonly user?: undefined; readonly cause: InvalidCredentials | AuthenticationError }

const EVERY_ENTRY = '(objectClass=*)'

/**
 * Asks the directory about a username and a password.
 *
 * @throws AuthenticationError, as a rejection, when it cannot be asked.
 */
export async function login(
  tools: LoginTools,
  { username, password }: UserPasswordCredential,
  signal: AbortSignal,
): Promise<LoginResult> {
  const { settings, binds, pace } = tools
  if (!isUsableUsername(username)) return { cause: unknown }
  if (!isUsablePassword(password)) return { cause: wrongSecret }
  const begunAt = settings.clock()
  const isFoundFirst = settings.bindName === undefined
  const found = isFoundFirst ? await find(tools, username, signal) : undefined
  const name = settings.bindName === undefined ? found?.dn : settings.bindName(username)
  if (name === undefined) return refuse(tools, unknown, begunAt, signal)
  if (!isBindName(name)) {
    // A username is never such a name by itself, so the directory has an entry with one.
    if (isFoundFirst) throw lasting('unusable-name', 'the entry that was found has a name that nobody can bind with')
    return refuse(tools, unknown, begunAt, signal)
  }
  const verdict = judge(await binds.bind(name, password, signal))
  if (verdict.cause !== undefined) return refused(tools, verdict, begunAt, signal)
  pace.note('right', begunAt)
  const entry = found ?? (await entryOf(tools, username, name, signal))
  const roles = (entry && (await settings.groups?.roles(entry, tools.directory, signal))) ?? []
  const user: AnyUser = {
    name: username,
    dn: entry?.dn ?? name,
    attributes: attributesOf(entry, settings.attributes, settings.binaryAttributes),
    roles: Object.freeze([...new Set(roles)]),
    warnings: Object.freeze(verdict.warnings),
  }
  return { user: Object.freeze(user) }
}

async function refused(
  tools: LoginTools,
  { cause, isWrongSecret }: Extract<BindVerdict, { cause: object }>,
  begunAt: number,
  signal: AbortSignal,
): Promise<LoginResult> {
  if (cause.kind === 'Error') return { cause }
  if (isWrongSecret === true) {
    tools.pace.note('wrong', begunAt)
    // The entry was found before, so its password was looked at: this is the time that others wait for.
    if (tools.settings.bindName === undefined) return { cause }
  }
  return refuse(tools, cause, begunAt, signal)
}

/** Refuses no earlier than a wrong password is refused. */
async function refuse(
  tools: LoginTools,
  cause: InvalidCredentials,
  begunAt: number,
  signal: AbortSignal,
): Promise<LoginResult> {
  const { settings, binds, pace } = tools
  if (cause === unknown && settings.decoyDn !== undefined) {
    // Whatever comes of it, the user is unknown.
    await binds.bind(settings.decoyDn, randomBytes(24).toString('base64url'), signal).catch(() => {})
  } else await pace.settle(begunAt, settings.bindName !== undefined, signal)
  return { cause }
}

/** The one entry of a username; `undefined` when there is none. */
async function find(
  { settings, directory }: LoginTools,
  username: string,
  signal: AbortSignal,
): Promise<DirectoryEntry | undefined> {
  const { search } = settings
  const filter = search?.filter.fill({ username })
  if (search === undefined || filter === undefined) return undefined
  const { base, scope }: SearchSettings = search
  const entries = await directory.search({ base, scope, filter, sizeLimit: 2, ...wanted(settings) }, signal)
  // Which of them a password is for cannot be told, and both could be the same.
  if (entries.length > 1) throw lasting('ambiguous-user', '"search" finds more than one entry for a username')
  return entries[0]
}

/** The entry of somebody who has bound, if anything is to be read of it. */
async function entryOf(
  tools: LoginTools,
  username: string,
  dn: string,
  signal: AbortSignal,
): Promise<DirectoryEntry | undefined> {
  const { settings, directory } = tools
  const read = wanted(settings)
  if (settings.search === undefined && read.attributes.length === 0 && settings.groups === undefined) return undefined
  const [entry] =
    settings.search === undefined
      ? await directory.search({ base: dn, scope: 'base', filter: EVERY_ENTRY, sizeLimit: 2, ...read }, signal)
      : [await find(tools, username, signal)]
  if (entry === undefined) {
    throw lasting('entry-unreadable', 'the entry of a user who has bound cannot be read by "service"')
  }
  return entry
}

function wanted({ attributes, binaryAttributes, groups }: LdapSettings) {
  const forGroups = groups ?? { attributes: [], binary: [] }
  return {
    attributes: [...new Set([...attributes, ...binaryAttributes, ...forGroups.attributes])],
    binary: [...binaryAttributes, ...forGroups.binary],
  }
}
