import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Attempt } from './attempts.ts'
import { escapeHtml, pageHeaders } from './html.ts'
import type { Route } from './routes.ts'

const headers = { ...pageHeaders, 'Cache-Control': 'no-cache' }

const template = read('index.html').toString()
const files: ReadonlyMap<string, { readonly type: string; readonly content: Buffer }> = new Map([
  ['/style.css', { type: 'text/css; charset=utf-8', content: read('style.css') }],
  ['/live.js', { type: 'text/javascript; charset=utf-8', content: read('live.js') }],
  ['/digest.js', { type: 'text/javascript; charset=utf-8', content: read('digest.js') }],
  ['/token.js', { type: 'text/javascript; charset=utf-8', content: read('token.js') }],
  ['/icon.svg', { type: 'image/svg+xml', content: read('icon.svg') }],
])

/** Says whether the page consists of this path, too. */
export function isPagePath(path: string): boolean {
  return path === '/' || files.has(path)
}

/** Sends the page, or one of its files. The list of routes is written here, so that it needs no JavaScript. */
export function sendPage(res: ServerResponse, path: string, routes: readonly Route[], base: string): void {
  const file = files.get(path) ?? { type: 'text/html; charset=utf-8', content: Buffer.from(render(routes, base)) }
  res.writeHead(200, { ...headers, 'Content-Type': file.type, 'Content-Length': file.content.length }).end(file.content)
}

/** The shell command that tries a route. */
export function curlLine({ curl, path }: Route, base: string): string {
  return `curl -i ${curl} ${base}${path}`
}

function render(routes: readonly Route[], base: string): string {
  const listed = routes.filter((route) => route.listed !== false)
  return template.replace('<!-- routes -->', () => listed.map((route) => article(route, base)).join('\n'))
}

function article(route: Route, base: string): string {
  const { method, path, about, requires, attempts, page } = route
  const name = method === 'GET' || page ? `<a href="${path}">${path}</a>` : path
  return `<article class="route" id="${path.slice(1)}" data-method="${method}" data-path="${path}">
  <h3><span class="method">${method}</span> ${name}</h3>
  <p class="requires">requires <code>${escapeHtml(requires)}</code></p>
  <p>${escapeHtml(about)}</p>
  ${path === '/form' ? loginForm : ''}
  <pre tabindex="0" role="group" aria-label="curl command"><code>${escapeHtml(curlLine(route, base))}</code></pre>
  ${attempts.length === 0 ? '' : buttons(route)}
  <div class="result" role="status"></div>
</article>`
}

function buttons({ path, attempts }: Route): string {
  return `<div class="attempts" role="group" aria-label="Try ${path} with" hidden>
    <span aria-hidden="true">Try with</span>
    ${attempts.map(button).join('\n    ')}
  </div>`
}

function button({ label, headers, body, digest, token, times }: Attempt): string {
  const data = [
    ['headers', JSON.stringify(headers)],
    ['body', body],
    ['digest', digest && JSON.stringify(digest)],
    ['token', token && JSON.stringify(token)],
    ['times', times],
  ].flatMap(([name, value]) => (value === undefined ? [] : [` data-${name}="${escapeHtml(String(value))}"`]))
  return `<button type="button"${data.join('')}>${escapeHtml(label)}</button>`
}

const loginForm = `<form method="post" action="/form">
    <label>Name <input name="user" autocomplete="off" autocapitalize="none" required></label>
    <label>Password <input name="password" type="password" autocomplete="off" required></label>
    <button>Log in</button>
  </form>`

function read(name: string): Buffer {
  return readFileSync(new URL(`./page/${name}`, import.meta.url))
}
