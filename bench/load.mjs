import { once } from 'node:events'
import { connect } from 'node:net'

const END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = '0\r\n\r\n'

/**
 * Asks one server over connections that stay open, a request at a time on each.
 *
 * It costs a few microseconds per request, so that it is the server that is measured, and never sleeps while it waits:
 * a server that must wake a sleeping generator pays for that, in a virtual machine as much as for a whole decision, and
 * only where it is slower than the generator.
 */
export class Load {
  #connections = []
  #spinning = false

  static async open(url, count) {
    const load = new Load()
    const { hostname, port } = new URL(url)
    for (let index = 0; index < count; index++) {
      const socket = connect(Number(port), hostname).setNoDelay(true)
      await once(socket, 'connect')
      load.#connections.push(new Connection(socket))
    }
    return load
  }

  /**
   * Sends what `next` makes for so many seconds, and waits for the answers.
   *
   * @returns how many there were, how long it took in milliseconds, how long each took, and the statuses
   */
  async run(next, seconds) {
    const since = performance.now()
    const waits = []
    const statuses = new Set()
    this.#spinning = true
    this.#spin()
    try {
      await Promise.all(this.#connections.map((one) => one.run(next, since + seconds * 1000, waits, statuses)))
    } finally {
      this.#spinning = false
    }
    return { answered: waits.length, milliseconds: performance.now() - since, waits, statuses: [...statuses] }
  }

  close() {
    for (const connection of this.#connections) connection.close()
  }

  #spin() {
    if (this.#spinning) setImmediate(() => this.#spin())
  }
}

class Connection {
  #socket
  #received
  #answered
  #failed

  constructor(socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('error', (error) => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('the server closed a connection')))
  }

  run(next, deadline, waits, statuses) {
    return new Promise((resolve, reject) => {
      let since = 0
      const send = () => {
        since = performance.now()
        this.#socket.write(next())
      }
      this.#failed = reject
      this.#answered = (status) => {
        const now = performance.now()
        waits.push(now - since)
        statuses.add(status)
        if (now < deadline) return send()
        this.#answered = undefined
        this.#failed = undefined
        resolve()
      }
      send()
    })
  }

  close() {
    this.#socket.destroy()
  }

  #take(bytes) {
    const all = this.#received === undefined ? bytes : Buffer.concat([this.#received, bytes])
    if (!isComplete(all)) {
      this.#received = all
      return
    }
    this.#received = undefined
    // "HTTP/1.1 200 OK"
    this.#answered?.(Number(all.latin1Slice(9, 12)))
  }
}

function isComplete(bytes) {
  const end = bytes.indexOf(END)
  if (end === -1) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.latin1Slice(0, end))?.[1]
  if (length === undefined) return bytes.latin1Slice(bytes.length - LAST_CHUNK.length) === LAST_CHUNK
  return bytes.length >= end + END.length + Number(length)
}

/** A request as it goes over the wire. */
export function requestBytes(url, path, headers = {}) {
  const lines = Object.entries({ Host: new URL(url).host, Connection: 'keep-alive', ...headers })
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    'latin1',
  )
}
