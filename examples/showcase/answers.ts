import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Refusal } from 'becauth'

/** Answers 200 with JSON. Node drops the body of an answer to HEAD by itself. */
export function sendJson(res: ServerResponse, value: object): void {
  const body = JSON.stringify(value)
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body)
}

/** Answers an error as a problem document (RFC 9457). */
export function sendProblem(
  res: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  detail?: string,
): void {
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail })
  res
    .writeHead(status, {
      ...headers,
      'Content-Type': 'application/problem+json',
      'Content-Length': Buffer.byteLength(body),
    })
    .end(body)
}

/** Answers with what becauth has prepared: the answers of a token issuer, of metadata. */
export function sendPrepared(res: ServerResponse, { status, headers, body }: Refusal): void {
  const fields = Object.fromEntries(headers)
  res.writeHead(status, body === null ? fields : { ...fields, 'Content-Length': Buffer.byteLength(body) }).end(body)
}

/**
 * Answers an error of an OAuth endpoint.
 *
 * @see RFC 6749, section 5.2
 */
export function sendOAuthError(res: ServerResponse, error: string): void {
  const body = JSON.stringify({ error })
  const fields = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  res.writeHead(400, { ...fields, 'Content-Length': Buffer.byteLength(body) }).end(body)
}
