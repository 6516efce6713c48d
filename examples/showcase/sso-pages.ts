import type { AuthenticationFailedCause } from 'becauth'
import { OAuth2RedirectError } from 'becauth/oauth2'
import type { Session } from 'becauth/session'
import { page, pageHeaders, timeOf } from './html.ts'
import type { User } from './users.ts'

/** What a page may do: its button leads to the identity provider in the end. */
export function ssoHeaders(issuer: string): Readonly<Record<string, string>> {
  const policy = pageHeaders['Content-Security-Policy'].replace("form-action 'self'", `$& ${issuer}`)
  return { ...pageHeaders, 'Content-Security-Policy': policy }
}

export function mePage({ name, roles }: User, { createdAt, expiresAt }: Session<unknown>, issuer: string): string {
  return page(
    `You are ${name}`,
    `<p>So says the identity provider. Roles, which the showcase knows: ${roles.join(', ')}</p>
  <p>Logged in ${timeOf(createdAt)}. Ends ${timeOf(expiresAt)} unless you come back before.</p>
  ${logoutForm}
  <p>Or <a href="${issuer}/session/end">log out of the identity provider</a>: it tells the showcase.</p>`,
  )
}

/** @param user who is still logged in */
export function logoutPage(user: User | undefined): string {
  if (user === undefined) return page('You are logged out', '<p><a href="/sso">Log in</a></p>')
  return page(`Log out, ${user.name}?`, logoutForm)
}

export function failedPage(cause: AuthenticationFailedCause): string {
  const isNo = cause instanceof OAuth2RedirectError && cause.error === 'access_denied'
  const why = isNo ? 'You did not allow it.' : 'The login is over, or failed.'
  return page('Not logged in', `<p>${why}</p>\n  <p><a href="/sso">Try again</a></p>`)
}

const logoutForm = '<form method="post" action="/sso/logout"><button>Log out</button></form>'
