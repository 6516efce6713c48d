import type { IncomingMessage } from 'node:http'

const limitBytes = 16_384

/** Reads a form or a JSON object of strings and booleans; `undefined` when it is too large or something else. */
export async function readFields(req: IncomingMessage): Promise<ReadonlyMap<string, string> | undefined> {
  const text = (await readBytes(req))?.toString()
  if (text === undefined) return undefined
  if (!isJson(req)) return new Map(new URLSearchParams(text))
  const value = parseJson(text)
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value).map(asText)) : undefined
}

/** Reads the parameters of a request to an OAuth endpoint; `undefined` when one comes twice (RFC 6749, section 3.2). */
export async function readParameters(req: IncomingMessage): Promise<ReadonlyMap<string, string> | undefined> {
  const text = (await readBytes(req))?.toString()
  if (text === undefined) return undefined
  const pairs = [...new URLSearchParams(text)]
  const parameters = new Map(pairs)
  return parameters.size === pairs.length ? parameters : undefined
}

/** Reads at most 16 KiB; `undefined` when there is more. */
export async function readBytes(req: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of req) {
    length += chunk.length
    if (length > limitBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export function isJson({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('application/json') === true
}

/** What a JSON text stands for; `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function asText([name, value]: [string, unknown]): [string, string] {
  return [name, String(value)]
}
