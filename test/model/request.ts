import type { BodyReading, Peer, RequestSource } from '../../src/core/request.ts'

export interface RequestOptions {
  readonly native?: object
  readonly method?: string
  readonly target?: string
  readonly absoluteUrl?: string
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly peer?: Peer
  readonly gone?: () => boolean
  readonly signal?: AbortSignal
  readonly body?: (limitBytes: number) => Promise<BodyReading>
}

const neverAborted = new AbortController().signal

/** A request as an adapter would hand it to the engine. Each one is a request of its own unless `native` is given. */
export function requestOf(options: RequestOptions = {}): RequestSource {
  const { headers = {} } = options
  return {
    native: options.native ?? {},
    method: options.method ?? 'GET',
    target: options.target ?? '/',
    absoluteUrl: options.absoluteUrl,
    peer: options.peer ?? { address: '192.0.2.1', encrypted: true },
    get gone() {
      return options.gone?.() ?? false
    },
    signal: options.signal ?? neverAborted,
    header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
    body: options.body ?? (async () => ({ kind: 'none' })),
  }
}
