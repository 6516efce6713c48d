import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Connection, readers, until, withConnection, withServer } from '../../../test/contracts/node-connection.ts'
import type { BodyReading } from '../../core/request.ts'
import { requestSource } from './node.ts'

const head = ['POST /here HTTP/1.1', 'Host: example'] as const
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
const last = '0\r\n\r\n'

/** Says what becauth read, and what the handler reads after it. */
function listener(limitBytes: number, read: (request: IncomingMessage) => Promise<string>) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const reading = await requestSource(request, response)
      .body(limitBytes)
      .catch((error: Error) => error)
    const seen = summary(reading)
    response.end(`${seen} | ${brief(await read(request))}`)
  }
}

function summary(reading: BodyReading | Error): string {
  if (reading instanceof Error) return `Error ${reading.message}`
  return reading.kind === 'bytes' ? `bytes ${brief(Buffer.from(reading.bytes).toString('latin1'))}` : reading.kind
}

function brief(text: string): string {
  return text.length > 40 ? `${text.length} ${text.slice(0, 3)}...${text.slice(-3)}` : text
}

const [byEvents] = readers
if (byEvents === undefined) throw new Error('there is a way to read')
const plainly = byEvents.read

describe.each(readers)('a body that becauth has read and that the handler reads $how', ({ read }) => {
  it('is whole, and the connection serves another request', async () => {
    await withConnection(listener(100, read), async (connection) => {
      for (const text of ['first', 'second']) {
        connection.send(...head, `Content-Length: ${text.length}`, '', text)
        expect((await connection.answer()).body).toBe(`bytes ${text} | ${text}`)
      }
    })
  })

  it('is whole when it comes in chunks, one after the other', async () => {
    const sockets = new Set<{ readonly bytesRead: number }>()
    const server = createServer(listener(100, read)).on('connection', (socket) => sockets.add(socket))
    await withServer(server, async (port) => {
      const connection = new Connection(port)
      connection.send(...head, 'Transfer-Encoding: chunked', '')
      for (const text of ['one', 'two', 'three']) {
        connection.write(chunk(text))
        const sent = connection.socket.bytesWritten
        await until(() => [...sockets].some(({ bytesRead }) => bytesRead === sent && sent > 0))
        await turn()
      }
      connection.write(last)
      expect((await connection.answer()).body).toBe('bytes onetwothree | onetwothree')
      connection.socket.destroy()
    })
  })

  it('ends when it is chunked and empty, in one packet and in two', async () => {
    await withConnection(listener(100, read), async (connection) => {
      connection.write(`${head.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n${last}`)
      expect((await connection.answer()).body).toBe('bytes  | ')
      connection.send(...head, 'Transfer-Encoding: chunked', '')
      await turn()
      connection.write(last)
      expect((await connection.answer()).body).toBe('bytes  | ')
    })
  })

  it('is whole beyond what the stream holds by itself', async () => {
    await withConnection(listener(1_000_000, read), async (connection) => {
      const text = `abc${'x'.repeat(200_000)}xyz`
      connection.send(...head, `Content-Length: ${text.length}`, '')
      connection.write(text)
      expect((await connection.answer()).body).toBe('bytes 200006 abc...xyz | 200006 abc...xyz')
      connection.send(...head, 'Transfer-Encoding: chunked', '')
      for (let index = 0; index < 10; index++) connection.write(chunk('y'.repeat(20_000)))
      connection.write(last)
      expect((await connection.answer()).body).toBe('bytes 200000 yyy...yyy | 200000 yyy...yyy')
    })
  })

  it('is whole when it was larger than the limit', async () => {
    await withConnection(listener(10, read), async (connection) => {
      const text = 'y'.repeat(200_000)
      connection.send(...head, `Content-Length: ${text.length}`, '')
      connection.write(text)
      expect((await connection.answer()).body).toBe('too-large | 200000 yyy...yyy')
      connection.send(...head, 'Transfer-Encoding: chunked', '')
      for (let index = 0; index < 10; index++) connection.write(chunk('y'.repeat(20_000)))
      connection.write(last)
      expect((await connection.answer()).body).toBe('too-large | 200000 yyy...yyy')
    })
  })

  it('is whole when it has been read twice', async () => {
    const twice = async (request: IncomingMessage, response: ServerResponse) => {
      const source = requestSource(request, response)
      const readings = [await source.body(3), await source.body(100), await source.body(100)]
      response.end(`${readings.map(summary).join(', ')} | ${await read(request)}`)
    }
    await withConnection(twice, async (connection) => {
      connection.send(...head, 'Transfer-Encoding: chunked', '')
      connection.write(chunk('fifteen letters') + last)
      expect((await connection.answer()).body).toBe(
        'too-large, bytes fifteen letters, bytes fifteen letters | fifteen letters',
      )
    })
  })

  it('goes to a handler that does not wait for the decision', async () => {
    const early = `${head.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('first')}${chunk('second')}`
    let started = false
    const hasty = async (request: IncomingMessage, response: ServerResponse) => {
      const reading = requestSource(request, response).body(100)
      const outcome = reading.catch((error: Error) => error)
      await until(() => request.socket.bytesRead === early.length)
      await turn()
      const text = read(request)
      started = true
      response.end(`${summary(await outcome)} | ${await text}`)
    }
    await withConnection(hasty, async (connection) => {
      connection.write(early)
      await until(() => started)
      connection.write(chunk('third') + last)
      expect((await connection.answer()).body).toBe(
        'Error something else reads the request stream: mount becauth before it | firstsecondthird',
      )
    })
  })
})

describe('reading a request body', () => {
  it('answers none without touching the stream when there is no body', async () => {
    await withConnection(listener(100, plainly), async (connection) => {
      connection.send('GET / HTTP/1.1', 'Host: example', '')
      expect((await connection.answer()).body).toBe('none | ')
      connection.send(...head, 'Content-Length: 0', '')
      expect((await connection.answer()).body).toBe('none | ')
    })
  })

  it('lets a client go on that waits for 100 Continue', async () => {
    await withConnection(listener(100, plainly), async (connection) => {
      connection.send(...head, 'Content-Length: 4', 'Expect: 100-continue', '')
      connection.write('body')
      expect((await connection.answer()).body).toBe('bytes body | body')
    })
  })

  it('serves the next request when the handler leaves a body alone that becauth has read', async () => {
    await withConnection(
      listener(1_000_000, async () => 'left'),
      async (connection) => {
        for (let round = 0; round < 3; round++) {
          connection.send(...head, 'Content-Length: 200000', '')
          connection.write('z'.repeat(200_000))
          expect((await connection.answer()).body).toBe('bytes 200000 zzz...zzz | left')
        }
      },
    )
  })

  it('serves the next request when the handler leaves a body alone that was too large', async () => {
    await withConnection(
      listener(10, async () => 'left'),
      async (connection) => {
        for (let round = 0; round < 3; round++) {
          connection.send(...head, 'Transfer-Encoding: chunked', '')
          for (let index = 0; index < 10; index++) connection.write(chunk('z'.repeat(20_000)))
          connection.write(last)
          expect((await connection.answer()).body).toBe('too-large | left')
        }
      },
    )
  })

  it('serves the next request after an answer that did not wait for the body', async () => {
    let failure: Promise<unknown> = Promise.resolve()
    const impatient = (request: IncomingMessage, response: ServerResponse) => {
      failure = requestSource(request, response)
        .body(1_000_000)
        .catch((error: Error) => error.message)
      response.end('late')
    }
    await withConnection(impatient, async (connection) => {
      for (let round = 0; round < 2; round++) {
        connection.send(...head, 'Content-Length: 300000', '')
        connection.write('z'.repeat(200_000))
        expect((await connection.answer()).body).toBe('late')
        expect(await failure).toBe('the request was answered before its body was there')
        connection.write('z'.repeat(100_000))
      }
    })
  })

  it('rejects when the client hangs up before the body is there', async () => {
    let failure: Promise<unknown> | undefined
    const waiting = (request: IncomingMessage, response: ServerResponse) => {
      failure = requestSource(request, response).body(100)
    }
    await withConnection(waiting, async (connection) => {
      connection.send(...head, 'Content-Length: 10', '', 'half')
      await until(() => failure !== undefined)
      connection.socket.destroy()
      await expect(failure).rejects.toThrow('aborted')
    })
  })

  it('rejects with the order of mounting when somebody has consumed the stream', async () => {
    const eaten = async (request: IncomingMessage, response: ServerResponse) => {
      await plainly(request)
      response.end(
        summary(
          await requestSource(request, response)
            .body(100)
            .catch((error: Error) => error),
        ),
      )
    }
    await withConnection(eaten, async (connection) => {
      connection.send(...head, 'Content-Length: 4', '', 'body')
      expect((await connection.answer()).body).toMatch(/^Error the request body was consumed .* mount becauth before/)
    })
  })

  it('rejects when somebody is reading already', async () => {
    const busy = async (request: IncomingMessage, response: ServerResponse) => {
      const text = plainly(request)
      const reading = await requestSource(request, response)
        .body(100)
        .catch((error: Error) => error)
      response.end(`${summary(reading)} | ${await text}`)
    }
    await withConnection(busy, async (connection) => {
      connection.send(...head, 'Content-Length: 4', '', 'body')
      expect((await connection.answer()).body).toMatch(/^Error something else reads .* \| body$/)
    })
  })

  it('leaves no listener on request or response', async () => {
    const counting = async (request: IncomingMessage, response: ServerResponse) => {
      const count = () =>
        [request, response].flatMap((emitter) =>
          emitter.eventNames().map((name) => `${String(name)} ${emitter.listenerCount(name)}`),
        )
      const before = count()
      await requestSource(request, response).body(100)
      expect(count()).toEqual(before)
      response.end('counted')
    }
    await withConnection(
      (request, response) => void counting(request, response).catch((error: Error) => response.end(error.message)),
      async (connection) => {
        connection.send(...head, 'Transfer-Encoding: chunked', '')
        await turn()
        connection.write(chunk('body') + last)
        expect((await connection.answer()).body).toBe('counted')
      },
    )
  })

  it('keeps an encoding that somebody has set on the stream', async () => {
    const encoded = async (request: IncomingMessage, response: ServerResponse) => {
      request.setEncoding('utf8')
      const reading = await requestSource(request, response).body(100)
      let text = ''
      for await (const part of request) text += part
      response.end(Buffer.from(`${summary(reading)} | ${text}`, 'latin1'))
    }
    await withConnection(encoded, async (connection) => {
      connection.send(...head, 'Content-Length: 5', '')
      connection.write('caf\u00e9')
      expect((await connection.answer()).body).toBe('bytes caf\u00c3\u00a9 | caf\u00e9')
    })
  })
})
