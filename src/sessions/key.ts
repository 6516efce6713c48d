import { sha256 } from '#crypto'
import { chain } from '../core/awaitable.ts'
import type { Awaitable } from '../core/provider.ts'
import { encodeBase64Url } from '../wire/base64.ts'

const TAG_BYTES = 8
const ID_BYTES = 16
const TAG_START = 3
const TAG_END = 14
const VALUE = /^s1\.[\w-]{11}\.[\w-]{22}$/

/** Random octets. */
export type RandomSource = (bytes: number) => Uint8Array

/** Tells whether a text has the form of a session's cookie: `s1.<tag>.<id>`. */
export function isSessionValue(text: string): boolean {
  return VALUE.test(text)
}

/** Makes the cookie value of a session: 64 random bits of a tag, unless it goes on with one, and 128 of an id. */
export function newSessionValue(random: RandomSource, tag: string = encodeBase64Url(random(TAG_BYTES))): string {
  return `s1.${tag}.${encodeBase64Url(random(ID_BYTES))}`
}

/** The tag of a cookie value, which is the tag of its key. */
export function tagOf(value: string): string {
  return value.slice(TAG_START, TAG_END)
}

/**
 * The key under which the session of a cookie value is stored: of the id only a hash, with the name of the cookie, so that a
 * session of one kind is nothing under the name of another that is kept in the same store.
 */
export function keyOf(value: string, name: string): Awaitable<string> {
  return chain(hashOf(`${name} ${value}`), (hash) => `${tagOf(value)}.${hash}`)
}

/** SHA-256 of a text, in base64url. */
export function hashOf(text: string): Awaitable<string> {
  return chain(sha256(text), encodeBase64Url)
}

/** A public name for a session: 128 random bits. */
export function newHandle(random: RandomSource): string {
  return encodeBase64Url(random(ID_BYTES))
}
