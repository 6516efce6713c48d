import type { BodyReading, HeaderField, RequestSource } from '../core/request.ts'

/** What a test's request is made of. Everything has a default. */
export interface TestRequestOptions {
  /** Default: `'GET'`. */
  readonly method?: string | undefined
  /** The request target. Default: `'/'`. */
  readonly target?: string | undefined
  /**
   * Field lines in order, as pairs where a name comes more than once. Default: none. `Host: service.example` is added
   * unless there is a `Host`.
   */
  readonly headers?: readonly HeaderField[] | Readonly<Record<string, string>> | undefined
  /** The body; text is sent as UTF-8. Default: none. */
  readonly body?: string | Uint8Array | undefined
  /** The address of the other end. Default: `'192.0.2.1'`. */
  readonly peer?: string | undefined
  /** Whether the connection is encrypted. Default: `true`. */
  readonly encrypted?: boolean | undefined
  /** The client's certificate in DER, as its handshake proved it. Default: none. */
  readonly certificate?: Uint8Array | undefined
  /** Aborted when the client goes away. Default: it stays. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes a request to decide, for tests that need no server. Every call makes another request, about which nothing is
 * remembered.
 *
 * @example
 * import { authentication } from 'becauth'
 * import { bearer } from 'becauth/bearer'
 * import { testRequest } from 'becauth/testing'
 *
 * const auth = authentication({ api: bearer({ validate: ({ token }) => (token === 'right' ? { id: 7 } : null) }) })
 * export const outcome = await auth.decide(testRequest({ headers: { Authorization: 'Bearer right' } }), 'api')
 */
export function testRequest(options: TestRequestOptions = {}): RequestSource {
  const { method = 'GET', target = '/', peer = '192.0.2.1', encrypted = true } = options
  const signal = options.signal ?? new AbortController().signal
  const fields = fieldsOf(options.headers)
  const bytes = typeof options.body === 'string' ? new TextEncoder().encode(options.body) : options.body
  return {
    native: {},
    method,
    target,
    peer: { address: peer, encrypted, certificate: options.certificate },
    get gone() {
      return signal.aborted
    },
    signal,
    header: (name) => fields.get(name),
    body: async (limitBytes) => read(bytes, limitBytes),
  }
}

function fieldsOf(headers: TestRequestOptions['headers'] = []): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  const lines: Iterable<HeaderField> = isLines(headers) ? headers : Object.entries(headers)
  for (const [name, value] of lines) {
    const key = name.toLowerCase()
    const before = fields.get(key)
    fields.set(key, before === undefined ? value : `${before}${key === 'cookie' ? '; ' : ', '}${value}`)
  }
  if (!fields.has('host')) fields.set('host', 'service.example')
  return fields
}

function isLines(
  headers: readonly HeaderField[] | Readonly<Record<string, string>>,
): headers is readonly HeaderField[] {
  return Array.isArray(headers)
}

function read(bytes: Uint8Array | undefined, limitBytes: number): BodyReading {
  if (bytes === undefined) return { kind: 'none' }
  return bytes.length > limitBytes ? { kind: 'too-large' } : { kind: 'bytes', bytes }
}
