import type { PostgresValue, Row } from './client.ts'

/** Whole seconds and counts. A bigint comes as a text, a number or a bigint, as the application has set up its driver. */
export function numberOf(row: Row, column: string): number {
  const number = Number(row[column] ?? Number.NaN)
  if (Number.isSafeInteger(number)) return number
  throw unexpected(column)
}

export function textOf(row: Row, column: string): string {
  const text = row[column]
  if (typeof text === 'string') return text
  throw unexpected(column)
}

/** Plain octets: the Buffer of a driver has a `slice` of its own kind. */
export function bytesOf(row: Row, column: string): Uint8Array {
  const bytes = row[column]
  if (bytes instanceof Uint8Array) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  throw unexpected(column)
}

/** Octets as the drivers take them. */
export function binary(bytes: Uint8Array): PostgresValue {
  // Drivers read views as they are; only memory that is shared with a worker has to be copied.
  const { buffer, byteOffset, byteLength } = bytes
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : Uint8Array.from(bytes)
}

/** The last whole second: of whole seconds, the same ones are later than it and than `now`. */
export function second(now: number): number {
  return Math.floor(now)
}

function unexpected(column: string): Error {
  return new Error(`PostgreSQL gave something else for "${column}" than was stored`)
}
