/** What a browser does of a login, without one: it keeps cookies by host and port, follows redirects and posts forms. */
export class FetchBrowser {
  readonly #jars = new Map<string, Map<string, string>>()
  /** Every place that was asked, in order. */
  readonly visited: string[] = []
  readonly #fetch: typeof globalThis.fetch

  /** @param fetch who answers. Default: the network. */
  constructor(fetch: typeof globalThis.fetch = globalThis.fetch) {
    this.#fetch = fetch
  }

  /** The cookies of a place, by name. */
  jar(url: string): Map<string, string> {
    const { host } = new URL(url)
    const jar = this.#jars.get(host) ?? new Map<string, string>()
    this.#jars.set(host, jar)
    return jar
  }

  /** Asks once and follows nothing. */
  async ask(url: string, init: RequestInit = {}): Promise<Response> {
    const jar = this.jar(url)
    const headers = new Headers(init.headers)
    headers.set('accept', 'text/html')
    headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    this.visited.push(url)
    const response = await this.#fetch(url, { ...init, headers, redirect: 'manual' })
    for (const field of response.headers.getSetCookie()) {
      const [pair = ''] = field.split(';')
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(field) || value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  /**
   * Goes on until a page comes, or a place that `until` stops at; answers where it stopped, and with what.
   *
   * Pages of the identity provider are filled in: the name where it asks for one, and a yes where it asks for consent.
   */
  async go(
    url: string,
    { name = 'ada', until = () => false }: { name?: string; until?: (url: string) => boolean } = {},
  ): Promise<{ readonly url: string; readonly response: Response | undefined }> {
    let next: { url: string; init?: RequestInit } = { url }
    for (let step = 0; step < 20; step++) {
      if (until(next.url)) return { url: next.url, response: undefined }
      const response = await this.ask(next.url, next.init)
      const location = response.headers.get('location')
      if (location !== null) {
        next = { url: new URL(location, next.url).href }
        continue
      }
      const filled = /text\/html/.test(response.headers.get('content-type') ?? '')
        ? formOn(await response.clone().text(), name)
        : undefined
      if (filled === undefined) return { url: next.url, response }
      next = {
        url: new URL(filled.action, next.url).href,
        init: { method: 'POST', body: new URLSearchParams(filled.fields) },
      }
      if (until(next.url)) return { url: `${next.url}#${new URLSearchParams(filled.fields)}`, response: undefined }
    }
    throw new Error('the login never came to an end')
  }
}

/** The first form of a page, filled in; `undefined` when there is none. */
function formOn(
  html: string,
  name: string,
): { readonly action: string; readonly fields: Record<string, string> } | undefined {
  const form = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(html)
  if (form === null) return undefined
  const [, action = '', inner = ''] = form
  const fields: Record<string, string> = {}
  for (const [input] of inner.matchAll(/<input[^>]*>/g)) {
    const field = /name="([^"]+)"/.exec(input)?.[1]
    if (field === undefined) continue
    fields[field] = unescaped(/value="([^"]*)"/.exec(input)?.[1] ?? (field === 'login' ? name : 'any'))
  }
  return { action: unescaped(action), fields }
}

function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
