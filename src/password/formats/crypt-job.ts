import { timingSafeEqual } from '#crypto'
import { decodeUtf8, encodeUtf8 } from '../../wire/text.ts'
import { type Md5CryptMagic, md5CryptDigest } from './md5-crypt-digest.ts'
import { type ShaCryptAlgorithm, shaCryptDigest } from './sha-crypt-digest.ts'

/** A stored text of a format that only JavaScript computes, taken apart and within its caps. `digest` is its last part. */
export type CryptJob =
  | { readonly kind: 'bcrypt'; readonly setting: string; readonly digest: string }
  | { readonly kind: 'md5-crypt'; readonly magic: Md5CryptMagic; readonly salt: string; readonly digest: string }
  | {
      readonly kind: 'sha-crypt'
      readonly algorithm: ShaCryptAlgorithm
      readonly rounds: number
      readonly salt: string
      readonly digest: string
    }

/** What the thread is asked: whether any of the passwords belongs to the stored text; they are tried in order. */
export interface CryptQuestion {
  readonly job: CryptJob
  readonly passwords: readonly Uint8Array[]
}

/** What the thread answers; `undefined` when it could not compute. */
export interface CryptAnswer {
  readonly matched: boolean | undefined
}

/** Answers a question, for as long as it takes. */
export async function answer({ job, passwords }: CryptQuestion): Promise<CryptAnswer> {
  const expected = encodeUtf8(job.digest)
  for (const password of passwords) {
    const actual = await digestOf(job, password)
    if (actual === undefined) return { matched: undefined }
    if (timingSafeEqual(encodeUtf8(actual), expected)) return { matched: true }
  }
  return { matched: false }
}

async function digestOf(job: CryptJob, password: Uint8Array): Promise<string | undefined> {
  switch (job.kind) {
    case 'md5-crypt':
      return md5CryptDigest(job.magic, job.salt, password)
    case 'sha-crypt':
      return shaCryptDigest(job.algorithm, job.rounds, job.salt, password)
    case 'bcrypt': {
      // bcryptjs takes texts alone. It cuts off after 72 octets, as bcrypt everywhere, and does not stop at NUL.
      const text = decodeUtf8(password)
      if (text === undefined) return undefined
      const { hashSync } = await import('bcryptjs')
      return hashSync(text, job.setting).slice(job.setting.length)
    }
  }
}
