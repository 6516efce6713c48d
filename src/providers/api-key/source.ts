import type { Grant } from '../../core/provider.ts'
import type { HeaderField, RequestView } from '../../core/request.ts'
import { cookieValues } from '../../wire/cookies.ts'

/** One place where the key may be, and what a principal proved by a key from there gets. */
export interface KeySource {
  readonly grant: Grant
  /** What stands there, unchecked; more than one value is one too many. */
  readonly read: (request: RequestView) => readonly string[]
}

const explicit: Grant = Object.freeze({})
const attachedByBrowser: Grant = Object.freeze({ ambient: true })
const noValues: readonly string[] = Object.freeze([])
const noFields: readonly HeaderField[] = Object.freeze([])
const privately: readonly HeaderField[] = Object.freeze([Object.freeze(['Cache-Control', 'private'] as const)])

// Without a header field of ours in the request, no `Vary` tells caches that the answer is personal.
const keptPrivate: Grant = Object.freeze({
  onAccept: (response) => (response.header('cache-control') === undefined ? privately : noFields),
} satisfies Grant)

/** The places that are named. */
export function readersOf(names: {
  readonly header: string | undefined
  readonly cookie: string | undefined
  readonly query: string | undefined
}): readonly KeySource[] {
  const { header, cookie, query } = names
  const readers: KeySource[] = []
  if (header !== undefined) readers.push({ grant: explicit, read: fieldReader(header.toLowerCase()) })
  if (cookie !== undefined) {
    readers.push({ grant: attachedByBrowser, read: (request) => cookieValues(request.header('cookie'), cookie) })
  }
  if (query !== undefined) readers.push({ grant: keptPrivate, read: queryReader(query) })
  return readers
}

function fieldReader(name: string): KeySource['read'] {
  return (request) => {
    const value = request.header(name)
    return value === undefined ? noValues : [value]
  }
}

function queryReader(name: string): KeySource['read'] {
  return (request) => (request.target.includes('?') ? request.url.searchParams.getAll(name) : noValues)
}
