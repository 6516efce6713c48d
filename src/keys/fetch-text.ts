import { AuthenticationError } from '../core/cause.ts'
import { decodeUtf8 } from '../wire/text.ts'

/** The text of a 200 answer, and for how many seconds it says that it is fresh. */
export interface FetchedText {
  readonly text: string
  readonly maxAgeSeconds: number | undefined
}

/** An answer with another status than 200. */
export class UnwantedStatus extends AuthenticationError {
  readonly status: number

  constructor(status: number) {
    super(`The answer has status ${status} instead of 200.`, { code: 'keys-status' })
    this.status = status
  }
}

/** JWK Sets have a few kilobytes; with certificate chains, some tens. */
const MAXIMUM_BYTES = 524_288

/**
 * Fetches a text of at most 512 KiB, following no redirect.
 *
 * @throws AuthenticationError with a code that begins with `keys-`, whatever goes wrong.
 */
export async function fetchText(
  fetch: typeof globalThis.fetch,
  url: string,
  accept: string,
  signal: AbortSignal,
): Promise<FetchedText> {
  let response: Response
  try {
    response = await fetch(url, { redirect: 'manual', headers: { accept }, signal })
  } catch (error) {
    throw unreachable(error)
  }
  // Browsers hide a redirect behind this type and the status 0.
  const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
  if (isRedirect)
    throw new AuthenticationError('The answer is a redirect, which is not followed.', { code: 'keys-redirect' })
  if (response.status !== 200) throw new UnwantedStatus(response.status)
  if (Number(response.headers.get('content-length') ?? 0) > MAXIMUM_BYTES) throw tooLarge()
  const text = decodeUtf8(await readBytes(response))
  if (text === undefined) throw new AuthenticationError('The answer is not UTF-8.', { code: 'keys-malformed' })
  return { text, maxAgeSeconds: maxAgeSeconds(response.headers) }
}

async function readBytes(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader()
  for (;;) {
    const read = await reader?.read().catch((error: unknown) => {
      throw unreachable(error)
    })
    if (read?.value === undefined) break
    length += read.value.length
    if (length > MAXIMUM_BYTES) throw tooLarge()
    chunks.push(read.value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

function unreachable(cause: unknown): AuthenticationError {
  return new AuthenticationError('There is no answer.', { code: 'keys-unreachable', cause })
}

function tooLarge(): AuthenticationError {
  return new AuthenticationError(`The answer has more than ${MAXIMUM_BYTES} octets.`, { code: 'keys-too-large' })
}

/** RFC 9111, sections 4.2.1 and 5.2.2; a cache on the way may have kept the answer for some of the time. */
function maxAgeSeconds(headers: Headers): number | undefined {
  const directives = headers.get('cache-control')?.toLowerCase() ?? ''
  if (/(?:^|[\s,])no-(?:store|cache)(?![^\s,;=])/.test(directives)) return 0
  const seconds = /(?:^|[\s,])max-age="?(\d{1,10})/.exec(directives)?.[1]
  if (seconds === undefined) return undefined
  const age = /^\d{1,10}$/.exec(headers.get('age') ?? '')?.[0] ?? '0'
  return Math.max(0, Number(seconds) - Number(age))
}
