import type { ServerResponse } from 'node:http'
import onHeaders from 'on-headers'
import type { AcceptedResponse } from '../../core/provider.ts'
import type { ResponseAmendments } from '../../core/who.ts'
import { appendField, fieldLines, mergeVary } from './fields.ts'
import type { NodeResponse } from './native.ts'

/** Has an answer carry what a scope asks for, right before its head is written. Scopes around each other add up. */
export function amend(response: NodeResponse, amendments: ResponseAmendments | undefined): void {
  if (amendments === undefined) return
  // The types name only HTTP/1's response; what is used, `writeHead` and the header methods, HTTP/2's has as well.
  onHeaders(response as ServerResponse, () => apply(response, amendments))
}

function apply(response: NodeResponse, { cacheControl, vary, headers }: ResponseAmendments): void {
  if (cacheControl !== undefined && response.getHeader('cache-control') === undefined) {
    response.setHeader('Cache-Control', cacheControl)
  }
  mergeVary(response, vary)
  if (headers === undefined) return
  for (const [name, value] of headers(headOf(response))) {
    if (name.toLowerCase() === 'vary') mergeVary(response, [value])
    else if (!fieldLines(response, name).includes(value)) appendField(response, name, value)
  }
}

/** Not a class: `onAccept` may take `header` out of it. */
function headOf(response: NodeResponse): AcceptedResponse {
  return {
    status: response.statusCode,
    header: (name) => {
      const lines = fieldLines(response, name)
      return lines.length === 0 ? undefined : lines.join(', ')
    },
  }
}
