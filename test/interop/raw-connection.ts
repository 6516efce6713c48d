import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { RawRequest } from './random-requests.ts'

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number
  /** Status line and field lines. */
  readonly head: string
  readonly body: string
}

/** One keep-alive connection that sends several requests at once and reads their answers in order. */
export class RawConnection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #over = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    const end = () => {
      this.#over = true
      this.#wake()
    }
    socket.on('error', end).on('close', end).on('end', end)
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  /** Whether the server will take no further request here. */
  get over(): boolean {
    return this.#over
  }

  /** Throws when the connection ends, or `timeoutMilliseconds` pass, before all answers are there. */
  async exchange(requests: readonly RawRequest[], timeoutMilliseconds: number): Promise<readonly RawAnswer[]> {
    this.#socket.write(Buffer.concat(requests.map(octetsOf)))
    const answers: RawAnswer[] = []
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#wake()
    }, timeoutMilliseconds)
    try {
      while (answers.length < requests.length) {
        const request = requests[answers.length]
        const answer = this.#next(request?.method === 'HEAD')
        if (answer !== undefined) answers.push(answer)
        else if (this.#over || late) {
          const what = late ? 'was not answered in time' : 'was answered by the end of the connection'
          throw new Error(`${request?.method} ${request?.target} ${what}`)
        } else
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
      }
      return answers
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Takes the next whole answer out of what was received. */
  #next(headOnly: boolean): RawAnswer | undefined {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end === -1) return undefined
    const head = this.#received.toString('latin1', 0, end)
    const status = Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 '.length + 3))
    if (/\r\nconnection: close/i.test(head)) this.#over = true
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    const from = end + 4
    const to = headOnly ? from : from + length
    if (this.#received.length < to) return undefined
    const body = this.#received.toString('utf8', from, to)
    this.#received = this.#received.subarray(to)
    return { status, head, body }
  }
}

function octetsOf({ method, target, lines, body, chunked }: RawRequest): Buffer {
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  if (body === undefined) return Buffer.from(`${method} ${target} HTTP/1.1\r\n${fields}\r\n`, 'latin1')
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${fields}${framing}\r\n\r\n`, 'latin1')
  if (!chunked) return Buffer.concat([head, body])
  const size = body.length === 0 ? '' : `${body.length.toString(16)}\r\n`
  return Buffer.concat([head, Buffer.from(size), body, Buffer.from(size === '' ? '0\r\n\r\n' : '\r\n0\r\n\r\n')])
}
