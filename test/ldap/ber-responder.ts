import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, TLSSocket } from 'node:tls'
import { first, type TestCertificate } from '../proofs/certificates.ts'
import { enumerated, integer, octets, sequence, type Tree, tlv, treeOf } from './ber.ts'

/** One request as it was sent. */
export interface Asked {
  readonly operation: 'bind' | 'search' | 'unbind' | 'extended' | 'other'
  /** The name of a bind, the base of a search, the identifier of an extended operation. */
  readonly name: string
  /** The tag of a bind's credentials, 0x80 for a simple bind, and what they are. */
  readonly authentication?: { readonly tag: number; readonly secret: string }
  /** The octets of a search's filter. */
  readonly filter?: Uint8Array
  /** The attributes that a search asks for. */
  readonly attributes?: readonly string[]
  readonly sizeLimit?: number
  /** The identifiers of the controls. */
  readonly controls: readonly string[]
  /** Which connection it came on, counted from 0, and whether that was encrypted. */
  readonly connection: number
  readonly isEncrypted: boolean
}

/** What a script may do about a request. Whoever calls nothing is silent. */
export interface Reply {
  bind(resultCode: number, more?: { readonly diagnostic?: string; readonly policy?: Uint8Array }): void
  entry(dn: string, attributes?: Readonly<Record<string, readonly (string | Uint8Array)[]>>): void
  done(resultCode?: number): void
  /** Sends a reference to another server, in the middle of a search. */
  reference(url: string): void
  extended(resultCode: number): void
  /** Agrees to StartTLS, sends some octets that nothing protects, and speaks TLS if that is wanted. */
  startTls(certificate?: TestCertificate | 'silence', behind?: string): void
  raw(octets: Uint8Array): void
  /** Ends the connection without a word. */
  drop(): void
}

export type Script = (asked: Asked, reply: Reply) => void

export interface Responder {
  readonly port: number
  /** `ldap://127.0.0.1:port`. */
  readonly url: string
  readonly asked: readonly Asked[]
  /** How many connections were ever made. */
  readonly connections: number
  /** How many are open. */
  readonly open: number
  /** Drops every connection; new ones are taken. */
  dropAll(): void
  /** Drops every connection and takes no new one. */
  stop(): Promise<void>
}

export interface ResponderOptions {
  /** Speaks TLS from the first octet. */
  readonly tls?: TestCertificate
  /** Writes every length in four octets, as Active Directory does. */
  readonly longLengths?: boolean
  readonly port?: number
}

const operations: ReadonlyMap<number, Asked['operation']> = new Map([
  [0x60, 'bind'],
  [0x63, 'search'],
  [0x42, 'unbind'],
  [0x77, 'extended'],
])

/** Starts a server on loopback that reads requests as RFC 4511 has them and answers by a script. */
export async function startResponder(script: Script, options: ResponderOptions = {}): Promise<Responder> {
  const asked: Asked[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const take = (socket: Socket) => {
    const connection = connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(socket, connection, script, asked, options)
  }
  const server: Server = options.tls === undefined ? createServer(take) : createTlsServer({ ...options.tls }, take)
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const dropAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: address.port,
    url: `ldap://127.0.0.1:${address.port}`,
    asked,
    get connections() {
      return connections
    },
    get open() {
      return sockets.size
    },
    dropAll,
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      dropAll()
      await closed
    },
  }
}

function serve(socket: Socket, connection: number, script: Script, asked: Asked[], options: ResponderOptions): void {
  let waiting: Uint8Array = new Uint8Array()
  const onData = (chunk: Uint8Array) => {
    waiting = Buffer.concat([waiting, chunk])
    for (let tree = treeOf(waiting); tree !== undefined; tree = treeOf(waiting)) {
      waiting = waiting.subarray(tree.length)
      const request = readRequest(tree, connection, socket instanceof TLSSocket)
      asked.push(request)
      script(request, replyOf(socket, tree.parts[0]?.content ?? new Uint8Array(), connection, script, asked, options))
    }
  }
  socket.on('data', onData)
  socket.on('error', () => {})
}

function readRequest({ parts }: Tree, connection: number, isEncrypted: boolean): Asked {
  const [, request, controls] = parts
  const tag = request?.tag ?? 0
  const text = (tree: Tree | undefined) => Buffer.from(tree?.content ?? []).toString('utf8')
  const common = {
    operation: operations.get(tag) ?? 'other',
    controls: (controls?.parts ?? []).map((control) => text(control.parts[0])),
    connection,
    isEncrypted,
  }
  const inner = request?.parts ?? []
  if (tag === 0x60) {
    const [, name, credentials] = inner
    return {
      ...common,
      name: text(name),
      authentication: { tag: credentials?.tag ?? 0, secret: text(credentials) },
    }
  }
  if (tag !== 0x63) return { ...common, name: text(inner[0]) }
  return {
    ...common,
    name: text(inner[0]),
    sizeLimit: Number(inner[3]?.content[0] ?? 0),
    filter: inner[6]?.whole ?? new Uint8Array(),
    attributes: (inner[7]?.parts ?? []).map(text),
  }
}

function replyOf(
  socket: Socket,
  id: Uint8Array,
  connection: number,
  script: Script,
  asked: Asked[],
  options: ResponderOptions,
): Reply {
  const long = options.longLengths === true
  const send = (operation: Uint8Array, ...controls: readonly Uint8Array[]) => {
    const more = controls.length === 0 ? [] : [tlv(0xa0, controls, long)]
    socket.write(sequence([tlv(0x02, [id], long), operation, ...more], long))
  }
  const result = (tag: number, code: number, diagnostic = '') =>
    tlv(tag, [enumerated(code), octets('', long), octets(diagnostic, long)], long)
  return {
    bind: (code, { diagnostic, policy } = {}) => {
      const control = policy && sequence([octets('1.3.6.1.4.1.42.2.27.8.5.1', long), octets(policy, long)], long)
      send(result(0x61, code, diagnostic), ...(control ? [control] : []))
    },
    entry: (dn, attributes = {}) => {
      const list = Object.entries(attributes).map(([name, values]) =>
        sequence(
          [
            octets(name, long),
            tlv(
              0x31,
              values.map((value) => octets(value, long)),
              long,
            ),
          ],
          long,
        ),
      )
      send(tlv(0x64, [octets(dn, long), sequence(list, long)], long))
    },
    done: (code = 0) => send(result(0x65, code)),
    reference: (url) => send(tlv(0x73, [octets(url, long)], long)),
    extended: (code) => send(result(0x78, code)),
    startTls: (certificate = first, behind = '') => {
      socket.removeAllListeners('data')
      socket.write(
        Buffer.concat([sequence([integer(id[0] ?? 0), result(0x78, 0)], long), Buffer.from(behind, 'latin1')]),
      )
      if (certificate === 'silence') {
        socket.resume()
        return
      }
      serve(new TLSSocket(socket, { isServer: true, ...certificate }), connection, script, asked, options)
    },
    raw: (bytes) => socket.write(bytes),
    drop: () => socket.destroy(),
  }
}
