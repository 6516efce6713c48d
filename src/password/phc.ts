import { decodeBase64, encodeBase64 } from '../wire/base64.ts'

/** A hash in the PHC string format, taken apart. Which parameters there are is a matter of the algorithm. */
export interface PhcHash {
  /** The algorithm: `argon2id`, `scrypt`. */
  readonly id: string
  readonly version: number | undefined
  /** Names and values as written, in order; no name comes twice. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

const MAX_LENGTH = 512

const grammar =
  /^\$([a-z0-9-]{1,32})(?:\$v=(0|[1-9]\d{0,9}))?(?:\$([a-z0-9-]{1,32}=[A-Za-z0-9/+.-]+(?:,[a-z0-9-]{1,32}=[A-Za-z0-9/+.-]+)*))?\$([A-Za-z0-9/+]+)\$([A-Za-z0-9/+]+)$/

/**
 * Takes a PHC string apart, or answers `undefined`. Strict, so that no two strings mean the same hash: decimals without
 * leading zeros, base64 without padding and with zero bits at its end, at most 512 characters.
 *
 * @see the PHC string format of the Password Hashing Competition
 */
export function parsePhc(text: string): PhcHash | undefined {
  if (text.length > MAX_LENGTH) return undefined
  const match = grammar.exec(text)
  if (match === null) return undefined
  const [, id = '', version, list = '', saltText = '', hashText = ''] = match
  const parameters = list === '' ? [] : list.split(',').map(split)
  const salt = decodeB64(saltText)
  const hash = decodeB64(hashText)
  if (salt === undefined || hash === undefined) return undefined
  if (new Set(parameters.map(([name]) => name)).size < parameters.length) return undefined
  return { id, version: version === undefined ? undefined : Number(version), parameters, salt, hash }
}

/** Writes what `parsePhc` reads. */
export function formatPhc({ id, version, parameters, salt, hash }: PhcHash): string {
  const marked = version === undefined ? '' : `$v=${version}`
  const list = parameters.map(([name, value]) => `${name}=${value}`).join(',')
  return `$${id}${marked}${list === '' ? '' : `$${list}`}$${encodeB64(salt)}$${encodeB64(hash)}`
}

/** A decimal from 1 to ten digits without leading zeros, as PHC strings write parameters. */
export function parseDecimal(text: string): number | undefined {
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
}

/** Base64 without padding, as PHC strings have it. */
export function encodeB64(bytes: Uint8Array): string {
  return encodeBase64(bytes).replace(/=+$/, '')
}

/** Reads base64 without padding, strictly. */
export function decodeB64(text: string): Uint8Array | undefined {
  return text.includes('=') ? undefined : decodeBase64(text + '='.repeat((4 - (text.length % 4)) % 4))
}

function split(parameter: string): readonly [string, string] {
  const equals = parameter.indexOf('=')
  return [parameter.slice(0, equals), parameter.slice(equals + 1)]
}
