import type { Session } from 'becauth/session'
import { escapeHtml } from './html.ts'
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
  <p>${how} ${time(createdAt)}. Ends ${time(expiresAt)} unless you come back before.</p>
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
        <td>${escapeHtml(data?.client ?? 'unknown')}</td><td>${time(createdAt)}</td><td>${time(renewedAt)}</td>
        <td>${handle === own ? 'this one' : end}</td>
      </tr>`
}

const logoutForm = `<form method="post" action="/logout"><button>Log out</button></form>`

function time(seconds: number): string {
  const iso = new Date(seconds * 1000).toISOString()
  return `<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · becauth showcase</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<main class="account">
  <p><a href="/">becauth showcase</a></p>
  <h1>${escapeHtml(title)}</h1>
  ${content}
</main>
</html>
`
}
