import { aesGcm, hkdfSha256, randomBytes, sha256 } from '#crypto'
import type { AesGcm } from '../crypto/aes-gcm.ts'
import { decodeBase64Url, encodeBase64Url } from '../wire/base64.ts'
import { encodeUtf8 } from '../wire/text.ts'

/** A refresh token, and the hashes by which its store knows it. */
export interface RefreshToken {
  /** base64url of the family's id and a secret of 256 bits. */
  readonly text: string
  /** The key of the family in the store: of its id all but 64 random bits are hashed. */
  readonly key: string
  /** SHA-256 of the text, in base64url. */
  readonly hash: string
}

const TAG_BYTES = 8
const FAMILY_BYTES = 24
const TOKEN_BYTES = FAMILY_BYTES + 32
const TOKEN_LENGTH = 75
const IV_BYTES = 12
const INFO = 'becauth refresh token successor'

/** Reads what a client shows; `undefined` when it is no refresh token. */
export async function readRefreshToken(text: unknown): Promise<RefreshToken | undefined> {
  const octets = typeof text === 'string' && text.length === TOKEN_LENGTH ? decodeBase64Url(text) : undefined
  return octets && tokenOf(encodeBase64Url(octets), octets)
}

/** Makes the first token of a family, or the next one of the family of `before`. */
export async function newRefreshToken(before?: RefreshToken): Promise<RefreshToken> {
  const octets = new Uint8Array(randomBytes(TOKEN_BYTES))
  const family = before && decodeBase64Url(before.text)?.subarray(0, FAMILY_BYTES)
  if (family !== undefined) octets.set(family)
  return tokenOf(encodeBase64Url(octets), octets)
}

async function tokenOf(text: string, octets: Uint8Array): Promise<RefreshToken> {
  const family = encodeBase64Url(octets.subarray(0, FAMILY_BYTES))
  const tag = encodeBase64Url(octets.subarray(0, TAG_BYTES))
  // The store may be that of sessions too, whose keys are hashes of other texts.
  const [name, hash] = await Promise.all([sha256(`becauth refresh family ${family}`), sha256(text)])
  return { text, key: `${tag}.${encodeBase64Url(name)}`, hash: encodeBase64Url(hash) }
}

/** Seals the next token so that only who has the one before can open it, and the store cannot. */
export async function sealNext(next: RefreshToken, before: RefreshToken): Promise<string> {
  const cipher = await cipherOf(before)
  const iv = randomBytes(IV_BYTES)
  const sealed = await cipher.encrypt(iv, encodeUtf8(next.text), encodeUtf8(before.key))
  const bytes = new Uint8Array(IV_BYTES + sealed.length)
  bytes.set(iv)
  bytes.set(sealed, IV_BYTES)
  return encodeBase64Url(bytes)
}

/** Opens what `sealNext` made; `undefined` when somebody altered it. */
export async function openNext(sealed: string, before: RefreshToken): Promise<string | undefined> {
  const bytes = decodeBase64Url(sealed)
  if (bytes === undefined || bytes.length <= IV_BYTES) return undefined
  const cipher = await cipherOf(before)
  const opened = await cipher.decrypt(bytes.slice(0, IV_BYTES), bytes.slice(IV_BYTES), encodeUtf8(before.key))
  return opened && new TextDecoder().decode(opened)
}

async function cipherOf({ text, key }: RefreshToken): Promise<AesGcm> {
  return aesGcm(await hkdfSha256(encodeUtf8(text), encodeUtf8(key), INFO))
}
