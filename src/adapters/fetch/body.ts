import { BodyConsumed } from '../../core/body-consumed.ts'
import type { BodyReading } from '../../core/request.ts'

const none: BodyReading = Object.freeze({ kind: 'none' })
const tooLarge: BodyReading = Object.freeze({ kind: 'too-large' })

/**
 * Reads at most `limitBytes` of a request's body from a clone, so that the handler can still read the request itself.
 *
 * @throws Error (as a rejection) when somebody has read the body already, or the client breaks off.
 */
export async function readBody(request: Request, limitBytes: number): Promise<BodyReading> {
  // A client that says by itself that it is too much is believed.
  if (Number(request.headers.get('content-length')) > limitBytes) return tooLarge
  if (request.bodyUsed) {
    throw new BodyConsumed('becauth: the body was read before the provider could; authenticate before reading it')
  }
  if (request.body === null) return none
  const stream = request.clone().body
  return stream === null ? none : readStream(stream.getReader(), limitBytes)
}

async function readStream(reader: ReadableStreamDefaultReader<Uint8Array>, limitBytes: number): Promise<BodyReading> {
  const chunks: Uint8Array[] = []
  let length = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length
    if (length > limitBytes) {
      // Settles only when the handler's half ends as well, so nobody waits for it.
      reader.cancel().catch(() => undefined)
      return tooLarge
    }
    chunks.push(next.value)
  }
  return length === 0 ? none : { kind: 'bytes', bytes: joined(chunks, length) }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const only = chunks[0]
  if (chunks.length === 1 && only !== undefined) return only
  const bytes = new Uint8Array(length)
  let position = 0
  for (const chunk of chunks) {
    bytes.set(chunk, position)
    position += chunk.length
  }
  return bytes
}
