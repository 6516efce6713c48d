import type { Session } from 'becauth/session'
import { escapeHtml, page, timeOf } from './html.ts'
import type { Visit } from './sessions.ts'
import type { User } from './users.ts'

/** The login page; where it leads to is in its own address, which the form posts to. */
export function loginPage(returnTo: string, failed = false): string {
  return page(
    'Log in',
    `${failed ? '<p class="bad" role="alert">Name or password is wrong.</p>' : ''}
  <form class="login" method="post" action="/login?returnTo=${encodeURIComponent(returnTo)}">
    <label>Name <input name="user" autocomplete="username" autocapitalize="none" required autofocus></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <label class="check"><input name="remember" type="checkbox" value="true"> Remember me</label>
    <button>Log in</button>
  </form>
  <p class="hint">ada / <code>lovelace</code>, alan / <code>enigma</code>, grace / <code>hopper£ü</code></p>`,
  )
}

export function mePage({ name, roles }: User, { createdAt, expiresAt, authenticatedAt }: Session<Visit>): string {
  const how = authenticatedAt === undefined ? 'This browser was remembered' : 'Logged in'
  return page(
    `You are ${name}`,
    `<p>Roles: ${roles.join(', ')}</p>
  <p>${how} ${timeOf(createdAt)}. Ends ${timeOf(expiresAt)} unless you come back before.</p>
  <p><a href="/sessions">All your sessions</a></p>
  ${logoutForm}`,
  )
}

export function sessionsPage(listed: readonly Session<Visit | undefined>[], own: string): string {
  return page(
    'Your sessions',
    `<table>
    <thead><tr><th scope="col">Client</th><th scope="col">Since</th><th scope="col">Last seen</th><td></td></tr></thead>
    <tbody>
      ${listed.map((session) => sessionRow(session, own)).join('\n      ')}
    </tbody>
  </table>
  <div class="actions">
    ${logoutForm}
    <form method="post" action="/sessions"><button name="end" value="everywhere">Log out everywhere</button></form>
  </div>
  <p><a href="/me">Who you are</a></p>`,
  )
}

function sessionRow({ data, handle, createdAt, renewedAt }: Session<Visit | undefined>, own: string): string {
  const end = `<form method="post" action="/sessions"><button name="end" value="${escapeHtml(handle)}">End</button></form>`
  return `<tr${handle === own ? ' class="own"' : ''}>
        <td>${escapeHtml(data?.client ?? 'unknown')}</td><td>${timeOf(createdAt)}</td><td>${timeOf(renewedAt)}</td>
        <td>${handle === own ? 'this one' : end}</td>
      </tr>`
}

const logoutForm = `<form method="post" action="/logout"><button>Log out</button></form>`
