import { createServer, type RequestListener } from 'node:http'
import { connect, type Server, type Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** What came back over a bare connection. */
export interface Answer {
  readonly status: number
  /** The head's lines after the first, in lower case. */
  readonly fields: readonly string[]
  readonly body: string
}

/** One TCP connection, to write what no HTTP client would, when no HTTP client would. */
export class Connection {
  readonly socket: Socket
  #received = ''
  #changed: () => void = () => undefined
  #ended = false

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1')
    this.socket.on('data', (text: string) => {
      this.#received += text
      this.#changed()
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.#ended = true
      this.#changed()
    })
  }

  /** Writes lines as they are, each with CRLF. */
  send(...lines: readonly string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''))
  }

  write(text: string | Uint8Array): void {
    this.socket.write(text)
  }

  /** Takes the next answer, which must have a `Content-Length`. */
  async answer(): Promise<Answer> {
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n')
      const [first = '', ...fields] = this.#received.slice(0, Math.max(end, 0)).split('\r\n')
      const lower = fields.map((line) => line.toLowerCase())
      const length = Number(lower.find((line) => line.startsWith('content-length:'))?.slice(15) ?? 0)
      const status = Number(first.split(' ')[1])
      if (end !== -1 && this.#received.length >= end + 4 + length) {
        const body = this.#received.slice(end + 4, end + 4 + length)
        this.#received = this.#received.slice(end + 4 + length)
        if (status !== 100) return { status, fields: lower, body }
        continue
      }
      if (this.#ended) throw new Error(`the connection ended after ${JSON.stringify(this.#received)}`)
      await this.#change()
    }
  }

  /** Waits until the other side has closed. */
  async closed(): Promise<void> {
    while (!this.#ended) await this.#change()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve
    })
  }
}

/** Runs a server on a free port for the time of a function, and ends with every connection closed. */
export async function withServer(server: Server, run: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  try {
    await run(address.port)
  } finally {
    server.close()
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') {
      server.closeAllConnections()
    }
  }
}

/** The same for a request listener and one connection. */
export function withConnection(
  listener: RequestListener,
  run: (connection: Connection) => Promise<void>,
): Promise<void> {
  return withServer(createServer(listener), async (port) => {
    const connection = new Connection(port)
    try {
      await run(connection)
    } finally {
      connection.socket.destroy()
    }
  })
}

/** Waits, one turn of the event loop at a time, until something is so. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** Ways to read a request, as applications have them. */
export const readers: readonly { readonly how: string; readonly read: (stream: Readable) => Promise<string> }[] = [
  {
    how: 'by data and end events',
    read: (stream) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')))
        stream.on('error', reject)
      }),
  },
  {
    how: 'by readable events',
    read: (stream) =>
      new Promise((resolve, reject) => {
        let text = ''
        stream.on('readable', () => {
          for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += chunk.toString('latin1')
        })
        stream.on('end', () => resolve(text))
        stream.on('error', reject)
      }),
  },
  {
    how: 'by for await',
    read: async (stream) => {
      let text = ''
      for await (const chunk of stream) text += chunk.toString('latin1')
      return text
    },
  },
  {
    how: 'by a pipe',
    read: async (stream) => {
      const { PassThrough } = await import('node:stream')
      const { text } = await import('node:stream/consumers')
      return text(stream.pipe(new PassThrough()))
    },
  },
]
