import type { ServerResponse } from 'node:http'

/** Nothing from elsewhere, nothing inline: text that is shown can never run. */
export const pageHeaders = {
  'Content-Security-Policy': "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** The same for a page of another server, which takes its looks from the showcase, and whose forms lead back to it. */
export function guestHeaders(home: string): Readonly<Record<string, string>> {
  const sources = `style-src ${home}; img-src ${home}; form-action 'self' ${home}`
  return {
    ...pageHeaders,
    'Content-Security-Policy': `default-src 'none'; ${sources}; base-uri 'none'; frame-ancestors 'none'`,
  }
}

/** What a page is sent with. */
interface Sending {
  /** Default: 200. */
  readonly status?: number
  /** Default: `pageHeaders`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends a page; whether it may be kept is for the decision to say. */
export function sendHtml(
  res: ServerResponse,
  html: string,
  { status = 200, headers = pageHeaders }: Sending = {},
): void {
  res
    .writeHead(status, {
      ...headers,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': Buffer.byteLength(html),
    })
    .end(html)
}

/**
 * Writes a page.
 *
 * @param content HTML
 * @param home where the showcase is, for pages of other servers
 */
export function page(title: string, content: string, home: string = ''): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · becauth showcase</title>
<link rel="icon" href="${home}/icon.svg">
<link rel="stylesheet" href="${home}/style.css">
<main class="account">
  <p><a href="${home}/">becauth showcase</a></p>
  <h1>${escapeHtml(title)}</h1>
  ${content}
</main>
</html>
`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Writes a time, in seconds since 1970. */
export function timeOf(seconds: number): string {
  const iso = new Date(seconds * 1000).toISOString()
  return `<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`
}
