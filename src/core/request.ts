/** One response header field: name and value. */
export type HeaderField = readonly [name: string, value: string]

/** Who is at the other end, as far as the trusted proxies let us know. */
export interface Peer {
  /** The client's IP address; `undefined` where the runtime does not tell. */
  readonly address: string | undefined
  /** Whether the client's own connection is encrypted. */
  readonly encrypted: boolean
  /**
   * The certificate, in DER, whose key the client proved to have in its TLS handshake; `undefined` when it showed none, or
   * the runtime does not tell. That somebody trusted issued it is not said. Made when it is read.
   */
  readonly certificate?: Uint8Array | undefined
}

/**
 * What a request's body turned out to be:
 * its bytes; the value that a framework's parser already made of it; larger than the limit; or none at all.
 */
export type BodyReading =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'none' }

/**
 * What the engine needs from a request. Adapters make one over the framework's own request object; nothing is copied.
 */
export interface RequestSource {
  /** The framework's or runtime's own request object: the key under which verdicts are remembered. */
  readonly native: object
  /**
   * Why it is decided, where that is not to let the request pass: verdicts are then remembered under this instead. Routes of
   * becauth's own tell their providers so what they are there for.
   *
   * @internal
   */
  readonly purpose?: object | undefined
  /** The method as received. */
  readonly method: string
  /** The request target as received, or path and query where the runtime does not keep it. */
  readonly target: string
  /** The absolute URL, where the runtime computes one itself. */
  readonly absoluteUrl?: string | undefined
  /** The other end of the connection, before any proxy is taken into account. */
  readonly peer: Peer
  /** Whether the client has gone. Read after anything asynchronous. */
  readonly gone: boolean
  /** Aborted when the client goes away. Asked only when somebody wants it. */
  readonly signal: AbortSignal
  /**
   * All field lines of this name joined by `", "` (RFC 9110, section 5.3), of `cookie` by `"; "`; `undefined` when
   * there is none. The name is given in lower case.
   */
  header(name: string): string | undefined
  /** Reads the body without consuming it for the handler. Rejects when reading fails. */
  body(limitBytes: number): Promise<BodyReading>
}

/** The request as providers and the application's callbacks see it. */
export interface RequestView {
  /** The method as received. */
  readonly method: string
  /** The request target as received, or path and query where the runtime does not keep it. */
  readonly target: string
  /** The absolute URL as the client sees it: scheme and host from `baseUrl` or trusted proxies where configured. */
  readonly url: URL
  /** The client, seen through the trusted proxies. */
  readonly peer: Peer
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  /** The runtime's or framework's own request object. */
  readonly native: object
  /**
   * As with `RequestSource`.
   *
   * @internal
   */
  readonly purpose?: object | undefined
  /**
   * All field lines of this name joined by `", "` (`cookie`: `"; "`), or `undefined`. Names are case-insensitive.
   */
  header(name: string): string | undefined
  /**
   * Reads at most `limitBytes` of the body and leaves it readable for the handler. Asked twice, it is read once.
   */
  body(limitBytes: number): Promise<BodyReading>
}
