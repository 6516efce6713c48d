import { decodeUtf8 } from '../wire/text.ts'

/** What can be wrong with an answer's body. */
type BodyProblem = 'too-large' | 'unreachable' | 'malformed'

/** Makes the error of whoever reads. */
export type BodyFailure = (problem: BodyProblem, message: string, cause?: unknown) => Error

/**
 * Reads the body of an answer as UTF-8, up to a number of octets.
 *
 * @throws what `fail` makes, when there is more, when it breaks off, when it is not UTF-8, and when `signal` aborts.
 */
export async function limitedText(
  response: Response,
  limitBytes: number,
  signal: AbortSignal,
  fail: BodyFailure,
): Promise<string> {
  const tooLarge = (): Error => fail('too-large', `the issuer's answer has more than ${limitBytes} octets`)
  if (Number(response.headers.get('content-length') ?? 0) > limitBytes) {
    response.body?.cancel().catch(() => {})
    throw tooLarge()
  }
  const reader = response.body?.getReader()
  const give = (): void => {
    reader?.cancel(signal.reason).catch(() => {})
  }
  signal.addEventListener('abort', give)
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const read = await reader?.read()
      if (read?.value === undefined) break
      length += read.value.length
      if (length > limitBytes) throw tooLarge()
      chunks.push(read.value)
    }
  } catch (error) {
    give()
    throw length > limitBytes ? error : fail('unreachable', "the issuer's answer breaks off", error)
  } finally {
    signal.removeEventListener('abort', give)
  }
  if (signal.aborted) throw fail('unreachable', "the issuer's answer takes too long", signal.reason)
  const text = decodeUtf8(joined(chunks, length))
  if (text === undefined) throw fail('malformed', 'the issuer answers with something that is not UTF-8')
  return text
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
