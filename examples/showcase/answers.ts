import { type ServerResponse, STATUS_CODES } from 'node:http'

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
