import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { Connection } from './connection.ts'
import { ConnectionLost, DirectoryUnavailable } from './errors.ts'
import type { Ldapts } from './ldapts.ts'
import { within } from './limits.ts'
import type { LdapTls } from './options.ts'
import type { Server } from './server.ts'
import { requestStartTls } from './start-tls.ts'

/** How connections are opened. */
export interface Opening {
  readonly startTls: boolean
  readonly tls: LdapTls
  /** How long everything may take together, in seconds. */
  readonly connectTimeoutSeconds: number
}

/** What is done on a connection before anybody else gets it. */
export type Prepare = (connection: Connection) => Promise<void>

/**
 * Opens a connection, upgrades it to TLS and prepares it, all that within one deadline. Whoever gets it owns it alone. When
 * a step fails, takes too long or nobody waits any more, its socket is destroyed.
 *
 * @throws AuthenticationError, as a rejection.
 */
export async function openConnection(
  library: Ldapts,
  server: Server,
  opening: Opening,
  signal: AbortSignal,
  prepare?: Prepare,
): Promise<Connection> {
  const sockets: Socket[] = []
  const destroy = () => {
    for (const socket of sockets) socket.destroy()
  }
  const step = async () => {
    const socket = await openSocket(server, opening, sockets)
    const connection = new Connection(library, server, socket)
    await prepare?.(connection)
    return connection
  }
  const what = `connecting to ${server.label}`
  try {
    return await within(step, { what, seconds: opening.connectTimeoutSeconds, signal })
  } catch (error) {
    destroy()
    throw error
  }
}

async function openSocket(server: Server, { startTls, tls }: Opening, sockets: Socket[]): Promise<Socket> {
  const { host, port, isSecure, label } = server
  if (isSecure) return secured(label, connectTls({ host, port, ...tlsOptions(server, tls) }), sockets)
  const socket = connectTcp({ host, port, noDelay: true, keepAlive: true })
  await opened(label, socket, 'connect', sockets)
  if (!startTls) return socket
  await requestStartTls(socket, label)
  return secured(label, connectTls({ socket, host, ...tlsOptions(server, tls) }), sockets)
}

async function secured(label: string, socket: TLSSocket, sockets: Socket[]): Promise<Socket> {
  await opened(label, socket, 'secureConnect', sockets)
  return socket.setNoDelay(true).setKeepAlive(true)
}

/** Without `host` and `servername` Node would check that the certificate is one of "localhost". */
function tlsOptions({ host }: Server, tls: LdapTls): ConnectionOptions {
  const { ca, cert, key, passphrase, minVersion, servername = isIP(host) === 0 ? host : undefined } = tls
  return {
    ca: ca && listOf(ca),
    cert: buffer(cert),
    key: buffer(key),
    passphrase,
    minVersion,
    servername,
    rejectUnauthorized: true,
  }
}

function listOf(value: NonNullable<LdapTls['ca']>): (string | Buffer)[] {
  const values = typeof value === 'string' || value instanceof Uint8Array ? [value] : value
  return values.map((one) => (typeof one === 'string' ? one : Buffer.from(one)))
}

function buffer(value: string | Uint8Array | undefined): string | Buffer | undefined {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}

function opened(label: string, socket: Socket, event: 'connect' | 'secureConnect', sockets: Socket[]): Promise<void> {
  sockets.push(socket)
  return new Promise((resolve, reject) => {
    socket.once(event, resolve)
    // It stays, so that no error before somebody else listens is one that nobody handles.
    socket.on('error', (error) => reject(new DirectoryUnavailable(`${label} cannot be reached`, error)))
    socket.once('close', () => reject(new ConnectionLost(`${label} closed the connection`)))
  })
}
