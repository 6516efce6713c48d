import { X509Certificate } from 'node:crypto'
import type { BodyReading, HeaderField, Peer, RequestSource } from '../../core/request.ts'
import { appendField } from './fields.ts'
import type { NodeRequest, NodeResponse } from './native.ts'
import { readBody } from './read-body.ts'

/** The engine's view of a request whose answer can be reached: logging in and out is one call then. */
export interface RespondingSource extends RequestSource {
  /**
   * Adds header fields to the answer, beside what it has; `undefined` when there is no answer. Throws what the runtime throws
   * when the head was sent before.
   */
  readonly respond?: ((fields: readonly HeaderField[]) => void) | undefined
}

/** One Node request as the engine sees it: a view, nothing is copied. */
export class NodeSource implements RespondingSource {
  readonly native: NodeRequest
  readonly #response: NodeResponse | undefined
  /** What carries the `body` that a framework's parser left. */
  readonly #holder: object
  #signal: AbortSignal | undefined

  constructor(request: NodeRequest, response: NodeResponse | undefined, holder: object = request) {
    this.native = request
    this.#response = response
    this.#holder = holder
  }

  get method(): string {
    return this.native.method ?? 'GET'
  }

  /** Frameworks that rewrite `url` for what is mounted below a path keep what they received. */
  get target(): string {
    const request: object = this.native
    if ('originalUrl' in request && typeof request.originalUrl === 'string') return request.originalUrl
    return this.native.url ?? '/'
  }

  get peer(): Peer {
    const { socket } = this.native
    return {
      address: socket.remoteAddress,
      encrypted: 'encrypted' in socket && socket.encrypted === true,
      get certificate() {
        return certificateOf(socket)
      },
    }
  }

  get gone(): boolean {
    const request = this.native
    // Not `request.destroyed`: a request whose body was read to its end is destroyed as well.
    if ('stream' in request) return request.stream.aborted || request.stream.destroyed
    return request.socket.destroyed === true
  }

  get signal(): AbortSignal {
    this.#signal ??= this.gone ? AbortSignal.abort() : abortedBy(this.#response, this.native)
    return this.#signal
  }

  get respond(): ((fields: readonly HeaderField[]) => void) | undefined {
    const response = this.#response
    if (response === undefined) return undefined
    return (fields) => {
      for (const [name, value] of fields) appendField(response, name, value)
    }
  }

  header(name: string): string | undefined {
    if (name.startsWith(':')) return undefined
    const { rawHeaders } = this.native
    let found: string | undefined
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const line = rawHeaders[index]
      if (line === undefined || line.length !== name.length || line.toLowerCase() !== name) continue
      const value = rawHeaders[index + 1] ?? ''
      found = found === undefined ? value : `${found}${name === 'cookie' ? '; ' : ', '}${value}`
    }
    return name === 'host' && 'stream' in this.native ? authority(this.native.headers[':authority'], found) : found
  }

  body(limitBytes: number): Promise<BodyReading> {
    return readBody(this, limitBytes, this.#holder, this.#response)
  }
}

/** Only sockets of TLS have the function. It answers nothing where the client was not asked for a certificate. */
function certificateOf(socket: object): Uint8Array | undefined {
  if (!('getPeerX509Certificate' in socket) || typeof socket.getPeerX509Certificate !== 'function') return undefined
  const certificate: unknown = socket.getPeerX509Certificate()
  return certificate instanceof X509Certificate ? certificate.raw : undefined
}

/** HTTP/2's `:authority` is the host. A `Host` beside it that says otherwise spoils both (RFC 9113, section 8.3.1). */
function authority(pseudo: string | undefined, host: string | undefined): string | undefined {
  if (pseudo === undefined || pseudo === host) return host
  return host === undefined ? pseudo : `${pseudo}, ${host}`
}

/** Without a response (an upgrade), the connection itself is what can go away. */
function abortedBy(response: NodeResponse | undefined, request: NodeRequest): AbortSignal {
  const controller = new AbortController()
  if ('stream' in request) request.stream.once('aborted', () => controller.abort())
  else if (response === undefined) request.socket.once('close', () => controller.abort())
  else {
    response.once('close', () => {
      if (!response.writableFinished) controller.abort()
    })
  }
  return controller.signal
}
