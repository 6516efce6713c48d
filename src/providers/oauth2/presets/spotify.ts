import type { InvalidCredentials } from '../../../core/cause.ts'
import { isJsonObject } from '../../../wire/json.ts'
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

/** @see https://developer.spotify.com/documentation/web-api/tutorials/code-flow */
const row = {
  endpoints: {
    authorization: 'https://accounts.spotify.com/authorize',
    token: 'https://accounts.spotify.com/api/token',
    userInfo: 'https://api.spotify.com/v1/me',
  },
  scopes: ['user-read-email'],
  secret: 'client_secret_basic',
  userInfo: true,
} as const satisfies PresetRow

/**
 * Makes the preset of Spotify, for `oauth2()`. The address is what somebody typed in: Spotify documents that it is not verified.
 *
 * @see https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile
 */
export function spotify(options: ClientOptions): OAuth2Preset {
  return { settings: settingsFrom(row, options), validate }
}

function validate({ userInfo = {} }: PlainCredential): Person | InvalidCredentials {
  const { images } = userInfo
  const [image] = Array.isArray(images) ? images : []
  return personOf({
    issuer: 'https://accounts.spotify.com',
    subject: textOf(userInfo.id),
    email: userInfo.email,
    name: userInfo.display_name,
    picture: isJsonObject(image) ? image.url : undefined,
  })
}
