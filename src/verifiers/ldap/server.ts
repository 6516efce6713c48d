import { isIP } from 'node:net'

/** A directory server, as its URL says. */
export interface Server {
  readonly host: string
  readonly port: number
  /** Whether it speaks TLS from the first octet. */
  readonly isSecure: boolean
  /** `host:port`, for messages. */
  readonly label: string
}

const DEFAULT_PORTS = { 'ldap:': 389, 'ldaps:': 636 } as const

/** Reads a URL of a server, and nothing but a server: `ldap(s)://host` with or without a port. */
export function parseServer(url: string): Server | undefined {
  if (!/^ldaps?:\/\/[!-~]+$/i.test(url) || !URL.canParse(url)) return undefined
  const { protocol, hostname, port, pathname, search, hash, username, password, host } = new URL(url)
  if ((protocol !== 'ldap:' && protocol !== 'ldaps:') || hostname === '') return undefined
  if (username !== '' || password !== '' || search !== '' || hash !== '' || !/^\/?$/.test(pathname)) return undefined
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase(),
    port: port === '' ? DEFAULT_PORTS[protocol] : Number(port),
    isSecure: protocol === 'ldaps:',
    label: host.toLowerCase(),
  }
}

/** Whether what is sent stays on this machine. */
export function isLoopback({ host }: Server): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
