import type { Readable } from 'node:stream'
import { BodyConsumed } from '../../core/body-consumed.ts'
import type { BodyReading, RequestSource } from '../../core/request.ts'
import { isComplete, type NodeRequest, type NodeResponse } from './native.ts'

const none: BodyReading = Object.freeze({ kind: 'none' })
const tooLarge: BodyReading = Object.freeze({ kind: 'too-large' })

interface NodeBody extends Pick<RequestSource, 'header'> {
  readonly native: NodeRequest
}

/**
 * Reads a request's body and puts it back, so that whoever comes later finds the stream as if nobody had touched it.
 *
 * @throws Error (as a rejection) when the client hangs up, or when somebody else reads the stream.
 */
export function readBody(
  source: NodeBody,
  limitBytes: number,
  holder: object,
  response: NodeResponse | undefined,
): Promise<BodyReading> {
  const { native } = source
  const length = source.header('content-length')
  if (isBodyless(native, length, source.header('transfer-encoding'))) return Promise.resolve(none)
  if (native.readableEnded) return consumed(holder, limitBytes)
  const declared = length === undefined ? undefined : Number(length)
  if (declared !== undefined && declared > limitBytes) return Promise.resolve(tooLarge)
  if (native.destroyed) return Promise.reject(new Error('the request was cut off before its body was there'))
  if (native.listenerCount('data') > 0 || native.listenerCount('readable') > 0) return Promise.reject(taken())
  return new Promise((resolve, reject) => {
    new BodyReader(native, declared, limitBytes, response, resolve, reject).start()
  })
}

function isBodyless(request: NodeRequest, length: string | undefined, coding: string | undefined): boolean {
  if ('stream' in request) return request.stream.endAfterHeaders || length === '0'
  return coding === undefined && (length === undefined || length === '0')
}

/** The stream is at its end: a parser has left what it made of it, or somebody has eaten it. */
function consumed(holder: object, limitBytes: number): Promise<BodyReading> {
  const value: unknown = 'body' in holder ? holder.body : undefined
  if (value instanceof Uint8Array) {
    return Promise.resolve(value.length > limitBytes ? tooLarge : { kind: 'bytes', bytes: value })
  }
  if (value !== undefined) return Promise.resolve({ kind: 'parsed', value })
  return Promise.reject(
    new BodyConsumed(
      'the request body was consumed before becauth could read it: mount becauth before what reads the stream',
    ),
  )
}

function taken(): Error {
  return new Error('something else reads the request stream: mount becauth before it')
}

/** What nobody reads must not stop the connection: it is let go of when the answer is out. */
function discardAfter(response: NodeResponse | undefined, request: NodeRequest): void {
  response?.once('finish', () => discard(request))
}

function discard(request: NodeRequest): void {
  const stream: Readable = request
  if (!stream.readableEnded && stream.readableFlowing !== true && stream.listenerCount('readable') === 0) {
    stream.resume()
  }
}

/** Collects a body in paused mode, holding no more than the limit, and puts all of it back before the stream can end. */
class BodyReader {
  readonly #request: NodeRequest
  readonly #stream: Readable
  readonly #declared: number | undefined
  readonly #limit: number
  readonly #response: NodeResponse | undefined
  readonly #resolve: (reading: BodyReading) => void
  readonly #reject: (error: Error) => void
  readonly #chunks: Buffer[] = []
  #held = 0
  #stopped = false

  constructor(
    request: NodeRequest,
    declared: number | undefined,
    limit: number,
    response: NodeResponse | undefined,
    resolve: (reading: BodyReading) => void,
    reject: (error: Error) => void,
  ) {
    this.#request = request
    this.#stream = request
    this.#declared = declared
    this.#limit = limit
    this.#response = response
    this.#resolve = resolve
    this.#reject = reject
  }

  start(): void {
    if (this.#isWhole()) {
      this.#take()
      return
    }
    // Asking first keeps Node from asking on the next tick, when an empty body may have arrived: that would end the
    // stream before anybody listens.
    this.#stream.read(0)
    this.#stream.on('readable', this.#onReadable)
    this.#stream.on('newListener', this.#onNewListener)
    this.#stream.on('error', this.#onError)
    this.#stream.on('close', this.#onClose)
    this.#response?.once('finish', this.#onFinish)
  }

  #isWhole(): boolean {
    return isComplete(this.#request) || this.#held + this.#stream.readableLength === this.#declared
  }

  /** Reads all that has arrived, and answers when that is enough to know. */
  #take(): void {
    const whole = this.#isWhole()
    // At the end, reading an empty buffer would end the stream.
    if (this.#stream.readableLength > 0) {
      const chunk = bufferOf(this.#stream.read(), this.#stream.readableEncoding)
      this.#chunks.push(chunk)
      this.#held += chunk.length
    }
    if (this.#held > this.#limit) {
      this.#stop()
      discardAfter(this.#response, this.#request)
      this.#resolve(tooLarge)
    } else if (whole) {
      const bytes = this.#stop()
      this.#resolve({ kind: 'bytes', bytes })
    }
  }

  /** Lets go of the stream and puts back what was read, in the same tick. */
  #stop(): Uint8Array {
    this.#stopped = true
    this.#stream.off('newListener', this.#onNewListener)
    this.#stream.off('readable', this.#onReadable)
    this.#stream.off('error', this.#onError)
    this.#stream.off('close', this.#onClose)
    this.#response?.off('finish', this.#onFinish)
    const [first, second] = this.#chunks
    const bytes = first !== undefined && second === undefined ? first : Buffer.concat(this.#chunks)
    if (bytes.length > 0 && !this.#stream.destroyed) {
      this.#stream.unshift(bytes, this.#stream.readableEncoding ?? undefined)
    }
    return bytes
  }

  readonly #onReadable = (): void => {
    // Over HTTP/2 a body that was cut off ends like any other, and only then is it said to be aborted.
    if ('stream' in this.#request && isComplete(this.#request)) setImmediate(this.#onTurn)
    else this.#take()
  }

  readonly #onTurn = (): void => {
    if (!this.#stopped && isComplete(this.#request)) this.#take()
  }

  /** A handler that did not wait for the decision reads now: it gets everything. */
  readonly #onNewListener = (event: string | symbol): void => {
    if (event !== 'data' && event !== 'readable') return
    this.#stop()
    this.#reject(taken())
  }

  /** The answer is out before the body was in: a time-out. */
  readonly #onFinish = (): void => {
    this.#stop()
    discard(this.#request)
    this.#reject(new Error('the request was answered before its body was there'))
  }

  readonly #onError = (error: Error): void => {
    this.#stop()
    this.#reject(error)
  }

  readonly #onClose = (): void => this.#onError(new Error('the client hung up before the body was there'))
}

function bufferOf(chunk: Buffer | string, encoding: BufferEncoding | null): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding ?? 'utf8') : chunk
}
