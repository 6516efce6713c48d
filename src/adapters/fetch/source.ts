import type { BodyReading, Peer, RequestSource } from '../../core/request.ts'
import { readBody } from './body.ts'

/** A WHATWG `Request` as the engine sees it. Nothing is copied or parsed before it is asked for. */
export class FetchSource implements RequestSource {
  readonly native: Request
  readonly #peer: Peer | (() => Peer) | undefined
  /**
   * Whether to look if the client went away. Some runtimes make a request's signal when it is first asked for: a decision
   * in one go, during which nothing can happen, need not pay for that.
   */
  watching: boolean

  constructor(request: Request, peer: Peer | (() => Peer) | undefined, watching: boolean) {
    this.native = request
    this.#peer = peer
    this.watching = watching
  }

  get method(): string {
    return this.native.method
  }

  get target(): string {
    return targetOf(this.native.url)
  }

  get absoluteUrl(): string {
    return this.native.url
  }

  get peer(): Peer {
    const peer = this.#peer
    return typeof peer === 'function' ? peer() : (peer ?? unknownPeer(this.native.url))
  }

  get gone(): boolean {
    return this.watching && this.native.signal.aborted
  }

  get signal(): AbortSignal {
    return this.native.signal
  }

  header(name: string): string | undefined {
    return headerOf(this.native.headers, name)
  }

  body(limitBytes: number): Promise<BodyReading> {
    return readBody(this.native, limitBytes)
  }
}

const overTls: Peer = Object.freeze({ address: undefined, encrypted: true })
const inClear: Peer = Object.freeze({ address: undefined, encrypted: false })

/** What a request alone tells about the other end: nothing but whether its own scheme was `https`. */
export function unknownPeer(url: string): Peer {
  return url.startsWith('https:') ? overTls : inClear
}

/** Path and query of an absolute URL as `Request` serialises it, without parsing it once more. */
export function targetOf(url: string): string {
  const path = url.indexOf('/', url.indexOf('://') + 3)
  if (path === -1) return '/'
  const fragment = url.indexOf('#', path)
  return fragment === -1 ? url.slice(path) : url.slice(path, fragment)
}

export function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers.get(name) ?? undefined
  return name === 'cookie' && value !== undefined && cookieGlue !== '; ' ? rejoined(value) : value
}

// Node, Deno and workerd join cookie lines by a semicolon, as HTTP/2 asks; by the letter of the Fetch Standard it is a comma.
const cookieGlue = glueOf(
  new Headers([
    ['cookie', 'a=1'],
    ['cookie', 'b=2'],
  ]),
)

function glueOf(headers: Headers): string | undefined {
  return headers.get('cookie')?.slice(3, -3)
}

/** Cookie lines that were joined by a comma, joined by a semicolon. A comma inside a value is not followed by a name and `=`. */
export function rejoined(value: string): string {
  return value.replace(/, (?=[^\s;,="]+=)/g, '; ')
}
