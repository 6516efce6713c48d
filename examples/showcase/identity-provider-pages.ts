import { escapeHtml, page } from './html.ts'

/** Asks who somebody is. Who sends a page to another server's forms learns nothing: the question is bound to a cookie. */
export function loginPage(home: string, isWrong: boolean = false): string {
  return page(
    'Log in to the identity provider',
    `${isWrong ? '<p class="bad" role="alert">Name or password is wrong.</p>' : ''}
  <form class="login" method="post">
    <label>Name <input name="user" autocomplete="username" autocapitalize="none" autofocus></label>
    <label>Password <input name="password" type="password" autocomplete="current-password"></label>
    <button name="decision" value="allow">Log in</button>
    <button name="decision" value="deny">Cancel</button>
  </form>
  <p class="hint">ada / <code>lovelace</code>, alan / <code>enigma</code>, grace / <code>hopper£ü</code>.
    This is another server: it never tells the showcase your password.</p>`,
    home,
  )
}

/** Asks somebody who is logged in whether the application may know it. */
export function consentPage(name: string, home: string): string {
  return page(
    'Allow the showcase to know who you are?',
    `<p>You are logged in to the identity provider as ${escapeHtml(name)}.</p>
  <form method="post">
    <button name="decision" value="allow">Allow</button>
    <button name="decision" value="deny">Deny</button>
  </form>`,
    home,
  )
}

/** @param form what oidc-provider wants to be posted */
export function logoutPage(form: string, home: string): string {
  return page(
    'Log out of the identity provider?',
    `${form}
  <div class="actions">
    <button form="op.logoutForm" name="logout" value="yes" autofocus>Log out</button>
    <button form="op.logoutForm">Stay logged in</button>
  </div>`,
    home,
  )
}

export function loggedOutPage(home: string): string {
  return page('Logged out of the identity provider', `<p><a href="${home}/sso">Log in again</a></p>`, home)
}

export function errorPage(error: string, home: string): string {
  return page(
    'The identity provider says no',
    `<p>${escapeHtml(error)}</p>\n  <p><a href="${home}/sso">Begin again</a></p>`,
    home,
  )
}
