import type { IncomingMessage } from 'node:http'

const limitBytes = 16_384

/** Reads a form or a JSON object of strings and booleans; `undefined` when it is too large or something else. */
export async function readFields(req: IncomingMessage): Promise<ReadonlyMap<string, string> | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of req) {
    length += chunk.length
    if (length > limitBytes) return undefined
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString()
  if (req.headers['content-type']?.startsWith('application/json') !== true) return new Map(new URLSearchParams(text))
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? new Map(Object.entries(value).map(asText)) : undefined
  } catch {
    return undefined
  }
}

function asText([name, value]: [string, unknown]): [string, string] {
  return [name, String(value)]
}
