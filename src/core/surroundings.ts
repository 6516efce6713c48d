import ipaddr from 'ipaddr.js'
import { decodeBase64 } from '../wire/base64.ts'
import type { Peer, RequestSource } from './request.ts'

/** Where a service stands: what may be believed about the client's address, scheme and host. */
export interface SurroundingsOptions {
  /**
   * Addresses or CIDR ranges of the proxies whose forwarding header fields are believed. Default: none, so that
   * nobody can name an address, scheme or host that is not theirs.
   */
  readonly trustedProxies?: readonly string[] | undefined
  /**
   * The fields that these proxies write: `X-Forwarded-For`, `-Proto` and `-Host`, or `Forwarded` (RFC 7239).
   * The other kind is ignored, since clients could send it through. Default: `'x-forwarded'`.
   */
  readonly forwardedHeaders?: 'x-forwarded' | 'forwarded' | undefined
  /**
   * Whether these proxies put the client's certificate into `Client-Cert` (RFC 9440), and remove any that a client sent: then
   * it is believed. Certificates are public, so that behind a proxy that removes nothing anybody could show any. Default:
   * `false`: behind a proxy, clients have none.
   */
  readonly clientCertFromProxies?: boolean | undefined
  /**
   * The service's own address as clients see it, such as `https://shop.example`. Wins over everything a request
   * says. A path becomes a prefix of every URL. Default: what the connection and `Host` say.
   */
  readonly baseUrl?: string | undefined
}

interface Forwarded {
  readonly address: string | undefined
  readonly scheme: string | undefined
  readonly host: string | undefined
}

type Range = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, prefix: number]

const unknownOrigin = 'http://unknown.invalid'

/** Answers for a request what its header fields alone must not decide. */
export class Surroundings {
  readonly #trusted: readonly Range[]
  readonly #kind: 'x-forwarded' | 'forwarded'
  readonly #base: URL | undefined
  readonly #clientCert: boolean

  /** @throws TypeError when an address, a range or `baseUrl` cannot be read. */
  constructor(options: SurroundingsOptions) {
    this.#trusted = (options.trustedProxies ?? []).map(parseRange)
    this.#kind = options.forwardedHeaders ?? 'x-forwarded'
    this.#base = options.baseUrl === undefined ? undefined : parseBase(options.baseUrl)
    this.#clientCert = options.clientCertFromProxies === true
    if (this.#kind !== 'x-forwarded' && this.#kind !== 'forwarded') {
      throw new TypeError('authentication(): "forwardedHeaders" must be "x-forwarded" or "forwarded"')
    }
  }

  peer(source: RequestSource): Peer {
    const forwarded = this.#forwarded(source)
    if (forwarded === undefined) return source.peer
    return {
      address: forwarded.address,
      encrypted: forwarded.scheme === undefined ? source.peer.encrypted : forwarded.scheme === 'https',
      // What the connection has is the proxy's own.
      certificate: this.#clientCert ? parseClientCert(source.header('client-cert')) : undefined,
    }
  }

  /** The origin as the client sees it, or `undefined` when the request's own host cannot be read. */
  origin(source: RequestSource): string | undefined {
    if (this.#base !== undefined) return this.#base.origin
    const forwarded = this.#forwarded(source)
    if (forwarded?.host === undefined && forwarded?.scheme === undefined && source.absoluteUrl !== undefined) {
      return originOf(source.absoluteUrl)
    }
    const encrypted = source.peer.encrypted || (source.absoluteUrl?.startsWith('https:') ?? false)
    const scheme = forwarded?.scheme ?? (encrypted ? 'https' : 'http')
    const host = forwarded?.host ?? source.header('host') ?? hostOf(source.absoluteUrl)
    if (host === undefined || !isHost(host)) return undefined
    return originOf(`${scheme}://${host}`)
  }

  url(source: RequestSource): URL {
    const path = pathOf(source)
    const prefix = this.#base === undefined ? '' : this.#base.pathname.replace(/\/$/, '')
    const url = new URL(this.origin(source) ?? unknownOrigin)
    const mark = path.indexOf('?')
    url.pathname = prefix + (mark === -1 ? path : path.slice(0, mark))
    url.search = mark === -1 ? '' : path.slice(mark)
    return url
  }

  #forwarded(source: RequestSource): Forwarded | undefined {
    if (this.#trusted.length === 0 || !this.#trusts(source.peer.address)) return undefined
    return this.#kind === 'forwarded' ? this.#standard(source) : this.#extended(source)
  }

  /** `X-Forwarded-*`: the nearest proxy's word on scheme and host is the last one. */
  #extended(source: RequestSource): Forwarded {
    return {
      address: this.#client(split(source.header('x-forwarded-for')), source.peer.address),
      scheme: knownScheme(split(source.header('x-forwarded-proto')).at(-1)),
      host: split(source.header('x-forwarded-host')).at(-1),
    }
  }

  /** RFC 7239: the element that the outermost trusted proxy wrote speaks. */
  #standard(source: RequestSource): Forwarded {
    const elements = split(source.header('forwarded')).map(parseForwarded)
    const addresses = elements.map((element) => element.get('for') ?? '')
    const client = this.#client(addresses, source.peer.address)
    const own = elements.findLast((element) => readAddress(element.get('for') ?? '') === client) ?? elements.at(-1)
    return { address: client, scheme: knownScheme(own?.get('proto')), host: own?.get('host') }
  }

  /** Walks from the nearest hop outwards and stops at the first that is not a trusted proxy. */
  #client(hops: readonly string[], nearest: string | undefined): string | undefined {
    let client = nearest
    for (const hop of hops.toReversed()) {
      const address = readAddress(hop)
      if (address === undefined) return undefined
      client = address
      if (!this.#trusts(address)) break
    }
    return client
  }

  #trusts(address: string | undefined): boolean {
    const parsed = address === undefined ? undefined : parseAddress(address)
    if (parsed === undefined) return false
    return this.#trusted.some(([range, prefix]) => {
      if (parsed instanceof ipaddr.IPv4) return range instanceof ipaddr.IPv4 && parsed.match(range, prefix)
      return range instanceof ipaddr.IPv6 && parsed.match(range, prefix)
    })
  }
}

/** The path and query of the request target, whatever its form (RFC 9112, section 3.2). */
function pathOf(source: RequestSource): string {
  const { target } = source
  if (target.startsWith('/')) return target
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)
  const rest = absolute === null ? '' : target.slice(absolute[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new TypeError('authentication(): "baseUrl" must be an absolute http or https URL without query')
  }
  return url
}

function parseRange(text: string): Range {
  const [address = '', prefix, ...rest] = text.split('/')
  const parsed = parseAddress(address)
  const bits = parsed instanceof ipaddr.IPv4 ? 32 : 128
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (parsed === undefined || rest.length > 0 || length < 0 || length > bits) {
    throw new TypeError('authentication(): "trustedProxies" must be a list of IP addresses and CIDR ranges')
  }
  return [parsed, length]
}

/** Strict: no octal, hexadecimal or shortened IPv4; IPv4 inside IPv6 counts as IPv4. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  if (!ipaddr.IPv6.isValid(text)) return undefined
  const six = ipaddr.IPv6.parse(text)
  return six.isIPv4MappedAddress() ? six.toIPv4Address() : six
}

/** An address as proxies write it: quoted, in brackets, with a port. */
function readAddress(text: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+)(?::\d+)?$/.exec(text)?.[1] ?? text
  return parseAddress(bare)?.toString()
}

function split(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  return value.split(',').map((part) => part.trim())
}

/** RFC 9440, section 2.2: a byte sequence of RFC 8941 on one line. Two lines are joined by a comma, which is none. */
function parseClientCert(value: string | undefined): Uint8Array | undefined {
  const base64 = value === undefined ? undefined : /^ *:([\w+/=]+): *$/.exec(value)?.[1]
  return base64 === undefined ? undefined : decodeBase64(base64)
}

function parseForwarded(element: string): ReadonlyMap<string, string> {
  const pairs = element.split(';').map((pair) => {
    const equals = pair.indexOf('=')
    const value = pair.slice(equals + 1).trim()
    return [pair.slice(0, equals).trim().toLowerCase(), value.replace(/^"(.*)"$/, '$1')] as const
  })
  return new Map(pairs)
}

function knownScheme(text: string | undefined): string | undefined {
  const scheme = text?.toLowerCase()
  return scheme === 'https' || scheme === 'http' ? scheme : undefined
}

/** `uri-host [ ":" port ]` without anything that could end the authority part. */
function isHost(text: string): boolean {
  return /^(?:[\w.~%!$&'()*+,;=-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i.test(text) && !text.includes(',')
}

function hostOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : undefined
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined
}
