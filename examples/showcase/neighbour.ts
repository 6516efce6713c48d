import { once } from 'node:events'
import { createServer, type Server } from 'node:http'

/** A server beside the showcase, in its process and on a port of its own. Nobody answers its requests yet. */
export interface Neighbour {
  /** `http://127.0.0.1:<port>` */
  readonly base: string
  readonly server: Server
}

/** Listens on any free port. */
export async function openNeighbour(host: string): Promise<Neighbour> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const address = server.address()
  return { base: `http://${host}:${typeof address === 'object' ? address?.port : ''}`, server }
}
