import { encodeUtf8 } from '../../wire/text.ts'
import { type AuthenticationFacts, keptFacts } from '../authentication.ts'

/** What is sealed, as JSON: a list, so that no names take room in a cookie. */
export interface Content {
  /** Over how many cookies the session was spread when it was written. */
  readonly count: 1 | 2
  /** When the person logged in, in milliseconds since 1970: `notBefore` may fall into the same second. */
  readonly createdAt: number
  /** When the cookie was last written, in milliseconds since 1970. */
  readonly writtenAt: number
  readonly dataVersion: number
  readonly subject: string
  readonly data: unknown
  readonly facts: AuthenticationFacts
}

const FORMAT = 1
// Keeps nothing between calls, since nothing here decodes a stream.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws TypeError when the data is nothing that JSON can carry. */
export function pack({ count, createdAt, writtenAt, dataVersion, subject, data, facts }: Content): Uint8Array {
  const { authenticatedAt, acr, amr } = facts
  const list = [FORMAT, count, createdAt, writtenAt, dataVersion, subject, data]
  const isPlain = acr === undefined && amr.length === 0 && authenticatedAt === Math.floor(createdAt / 1000)
  return encodeUtf8(JSON.stringify(isPlain ? list : [...list, [authenticatedAt ?? null, acr ?? null, amr]]))
}

/** Reads what `pack` made; `'newer'` when a later version of becauth did, `undefined` for anything else. */
export function unpack(bytes: Uint8Array): Content | 'newer' | undefined {
  const list = parse(bytes)
  if (!Array.isArray(list)) return undefined
  const [format, count, createdAt, writtenAt, dataVersion, subject, data, shown]: readonly unknown[] = list
  if (format !== FORMAT) return typeof format === 'number' && format > FORMAT ? 'newer' : undefined
  if (count !== 1 && count !== 2) return undefined
  if (typeof createdAt !== 'number' || typeof writtenAt !== 'number' || typeof dataVersion !== 'number')
    return undefined
  if (typeof subject !== 'string') return undefined
  const [authenticatedAt, acr, amr]: readonly unknown[] = Array.isArray(shown) ? shown : [Math.floor(createdAt / 1000)]
  return { count, createdAt, writtenAt, dataVersion, subject, data, facts: keptFacts(authenticatedAt, acr, amr) }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
}
