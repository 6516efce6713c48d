import type { InvalidCredentials } from '../../../core/cause.ts'
import type { Person } from './person.ts'
import {
  type ClientOptions,
  type OAuth2Preset,
  type PlainCredential,
  type PresetRow,
  personOf,
  settingsFrom,
  textOf,
} from './preset.ts'

/** @see https://discord.com/developers/docs/topics/oauth2 */
const row = {
  endpoints: {
    authorization: 'https://discord.com/oauth2/authorize',
    token: 'https://discord.com/api/oauth2/token',
    userInfo: 'https://discord.com/api/users/@me',
    revocation: 'https://discord.com/api/oauth2/token/revoke',
  },
  scopes: ['identify', 'email'],
  secret: 'client_secret_basic',
  userInfo: true,
} as const satisfies PresetRow

/**
 * Makes the preset of Discord, for `oauth2()`. People are known by `id`, never by `username`.
 *
 * @see https://discord.com/developers/docs/resources/user#user-object
 */
export function discord(options: ClientOptions): OAuth2Preset {
  return { settings: settingsFrom(row, options), validate }
}

function validate({ userInfo = {} }: PlainCredential): Person | InvalidCredentials {
  const { id, avatar, username, global_name: name } = userInfo
  return personOf({
    issuer: 'https://discord.com',
    subject: textOf(id),
    email: userInfo.email,
    isEmailVerified: userInfo.verified === true,
    name: name ?? username,
    username,
    picture: textOf(avatar) && `https://cdn.discordapp.com/avatars/${textOf(id)}/${textOf(avatar)}.png`,
  })
}
