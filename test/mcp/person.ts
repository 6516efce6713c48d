const MAXIMUM_PAGES = 20

/** Somebody with a browser: keeps cookies, follows redirects, fills in the forms of login and consent. */
export class Person {
  /** The forms that were filled in, by what they ask. */
  readonly asked: string[] = []
  readonly #name: string
  readonly #cookies = new Map<string, string>()

  constructor(name: string) {
    this.#name = name
  }

  /** Visits a page, and answers the address to which it leads in the end: the client's own, which is not visited. */
  async visit(start: URL, callback: string): Promise<URL> {
    let at = start
    let body: URLSearchParams | undefined
    for (let count = 0; count < MAXIMUM_PAGES; count++) {
      const answer = await this.#open(at, body)
      body = undefined
      const location = answer.headers.get('location')
      if (location !== null) {
        at = new URL(location, at)
        await answer.body?.cancel()
        if (at.href.startsWith(`${callback}?`)) return at
        continue
      }
      const page = await answer.text()
      const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1]
      if (action === undefined || prompt === undefined) throw new Error(`${answer.status} is a page without a form`)
      this.asked.push(prompt)
      at = new URL(action, at)
      body = new URLSearchParams({ prompt, login: this.#name, password: 'any' })
    }
    throw new Error('the pages lead nowhere')
  }

  async #open(url: URL, body: URLSearchParams | undefined): Promise<Response> {
    const cookie = Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join('; ')
    const method = body === undefined ? 'GET' : 'POST'
    const init = body === undefined ? {} : { body }
    const answer = await fetch(url, { method, redirect: 'manual', headers: { cookie }, ...init })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return answer
  }
}
