import type { ServerResponse } from 'node:http'
import onHeaders from 'on-headers'
import type { AcceptedResponse } from '../../core/provider.ts'
import type { ResponseAmendments } from '../../core/who.ts'
import { appendField, fieldLines, mergeVary } from './fields.ts'
import type { NodeResponse } from './native.ts'

/** What the scopes around one handler want on its answer. Held by the response alone: it goes when the response goes. */
const pending = new WeakMap<NodeResponse, ResponseAmendments[]>()

/** Has an answer carry what a scope asks for, right before its head is written. */
export function amend(response: NodeResponse, amendments: ResponseAmendments | undefined): void {
  if (amendments === undefined) return
  const known = pending.get(response)
  if (known !== undefined) {
    if (!known.includes(amendments)) known.push(amendments)
    return
  }
  const all = [amendments]
  pending.set(response, all)
  // The types name only HTTP/1's response; what is used, `writeHead` and the header methods, HTTP/2's has as well.
  onHeaders(response as ServerResponse, () => apply(response, all))
}

function apply(response: NodeResponse, all: readonly ResponseAmendments[]): void {
  if (response.getHeader('cache-control') === undefined) {
    const wanted = all.map(({ cacheControl }) => cacheControl)
    const strictest = wanted.includes('no-store') ? 'no-store' : wanted.find((value) => value !== undefined)
    if (strictest !== undefined) response.setHeader('Cache-Control', strictest)
  }
  for (const { vary, headers } of all) {
    mergeVary(response, vary)
    if (headers === undefined) continue
    for (const [name, value] of headers(headOf(response))) {
      if (name.toLowerCase() === 'vary') mergeVary(response, [value])
      else if (!fieldLines(response, name).includes(value)) appendField(response, name, value)
    }
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
