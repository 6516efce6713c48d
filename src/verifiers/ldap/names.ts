import { encodeUtf8, isWellFormed } from '../../wire/text.ts'

/** The longest username that is looked up, in characters. */
const MAX_USERNAME_LENGTH = 256
/** The longest password that is sent, in octets. */
const MAX_PASSWORD_OCTETS = 1024

/** What RFC 4013 maps to nothing, and what Unicode says is not shown: nobody's password is made of that alone. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu

/** The grammar of the names of SASL mechanisms. No name that anybody binds with is written like this. */
const MECHANISM = /^[A-Z0-9_-]{1,20}$/i

/** What no account name of Active Directory has. */
const NOT_IN_ACCOUNT_NAMES = /["/\\[\]:;|=,+*?<>@\p{C}]/u

/** What no name of Active Directory with its domain has. */
const NOT_IN_FULL_NAMES = /["/[\]:;|=,+*?<>\p{C}]/u

/** Whether a username may be looked up at all. An empty one would bind as nobody. */
export function isUsableUsername(username: string): boolean {
  return (
    username.length <= MAX_USERNAME_LENGTH && isWellFormed(username) && username.replace(INVISIBLE, '').trim() !== ''
  )
}

/**
 * Whether a password may be sent. Servers take a bind with an empty one for a bind as nobody and say yes, so whatever could
 * become empty on its way is none: invisible characters alone, and a NUL, at which C programs stop reading.
 *
 * @see RFC 4513, sections 5.1.1 and 5.1.2; RFC 4013, section 2.1
 */
export function isUsablePassword(password: string): boolean {
  if (password.length > MAX_PASSWORD_OCTETS || password.includes('\0') || !isWellFormed(password)) return false
  return password.replace(INVISIBLE, '') !== '' && encodeUtf8(password).length <= MAX_PASSWORD_OCTETS
}

/**
 * Whether a name may be bound with. An empty one is nobody's, and what is written like a SASL mechanism would be taken for
 * one: `EXTERNAL` logs in whoever the connection belongs to.
 *
 * @see RFC 4422, section 3.1
 */
export function isBindName(name: string): boolean {
  const seen = name.replace(INVISIBLE, '').trim()
  return seen !== '' && !MECHANISM.test(seen) && !name.includes('\0') && isWellFormed(name)
}

/** Whether a username may stand in `{username}@domain` or `DOMAIN\{username}` without becoming another kind of name. */
export function isAccountName(username: string): boolean {
  return !NOT_IN_ACCOUNT_NAMES.test(username) && username.trim() === username
}

/** Whether a username is a whole `name@domain` or `DOMAIN\name`. */
export function isFullAccountName(username: string): boolean {
  return /^[^@\\]+[@\\][^@\\]+$/.test(username) && !NOT_IN_FULL_NAMES.test(username) && username.trim() === username
}
