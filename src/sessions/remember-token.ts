import { aesGcm, hkdfSha256 } from '#crypto'
import { all, chain } from '../core/awaitable.ts'
import type { Awaitable } from '../core/provider.ts'
import type { AesGcm } from '../crypto/aes-gcm.ts'
import { encodeBase64Url } from '../wire/base64.ts'
import { decodeUtf8, encodeUtf8 } from '../wire/text.ts'
import { hashOf, type RandomSource } from './key.ts'

/** A remember-me cookie, and the hashes by which its store knows it. */
export interface RememberToken {
  /** `r1.<series>.<token>`, 128 random bits each. */
  readonly text: string
  readonly family: string
  readonly tokenHash: string
}

/** What a browser gets after it showed a good token: the next one, and the session that was started with it. */
export interface Successor {
  readonly token: string
  readonly session: string
  readonly handle: string
}

const TEXT = /^r1\.[\w-]{22}\.[\w-]{22}$/
const SERIES_END = 25
const IV_BYTES = 12
const INFO = 'becauth remember-me successor'

export function isRememberText(text: string): boolean {
  return TEXT.test(text)
}

/** Makes a cookie of another family, or the next one of the family of `before`. */
export function newRememberText(random: RandomSource, before?: string): string {
  const series = before === undefined ? `r1.${encodeBase64Url(random(16))}` : before.slice(0, SERIES_END)
  return `${series}.${encodeBase64Url(random(16))}`
}

/** A cookie's text as its store knows it: hashed with the name of the cookie, as sessions are. */
export function rememberToken(text: string, name: string): Awaitable<RememberToken> {
  return chain(
    all([hashOf(`${name} ${text.slice(0, SERIES_END)}`), hashOf(`${name} ${text}`)]),
    ([family = '', tokenHash = '']) => ({
      text,
      family,
      tokenHash,
    }),
  )
}

/** Seals a successor so that only who has the token before it can open it, and the store cannot. */
export function sealSuccessor(
  successor: Successor,
  before: RememberToken,
  random: RandomSource,
): Awaitable<Uint8Array> {
  const { token, session, handle } = successor
  const iv = random(IV_BYTES)
  return chain(cipherOf(before), (cipher) =>
    chain(cipher.encrypt(iv, encodeUtf8(`${token} ${session} ${handle}`), encodeUtf8(before.family)), (sealed) => {
      const bytes = new Uint8Array(IV_BYTES + sealed.length)
      bytes.set(iv)
      bytes.set(sealed, IV_BYTES)
      return bytes
    }),
  )
}

/** Opens what `sealSuccessor` made; `undefined` when somebody altered it. */
export function openSuccessor(bytes: Uint8Array, before: RememberToken): Awaitable<Successor | undefined> {
  return chain(cipherOf(before), (cipher) =>
    chain(cipher.decrypt(bytes.slice(0, IV_BYTES), bytes.slice(IV_BYTES), encodeUtf8(before.family)), (opened) => {
      const [token, session, handle] = opened === undefined ? [] : (decodeUtf8(opened) ?? '').split(' ')
      if (token === undefined || session === undefined || handle === undefined) return undefined
      return { token, session, handle }
    }),
  )
}

function cipherOf({ text, family }: RememberToken): Awaitable<AesGcm> {
  return chain(hkdfSha256(encodeUtf8(text), encodeUtf8(family), INFO), aesGcm)
}
