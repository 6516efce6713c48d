import { createRequire } from 'node:module'
import { hashUnsupported } from '../errors.ts'
import type { CryptThread } from './crypt-thread.ts'
import type { PasswordFormat } from './format.ts'

const GRAMMAR =
  /^(?<setting>\$2[aby]\$(?<cost>0[4-9]|[12]\d|3[01])\$[./0-9A-Za-z]{22})(?<digest>[./0-9A-Za-z]{30}[.CGKOSWaeimquy26])$/
const NAME = 'bcrypt'

/** @throws TypeError when the package bcryptjs is not installed. */
export function requireBcryptjs(): void {
  try {
    createRequire(import.meta.url).resolve('bcryptjs')
  } catch (cause) {
    const way = 'install it, or leave "bcrypt" out of "accept"'
    throw new TypeError(`legacyFormats(): bcrypt needs the package "bcryptjs", which is not installed: ${way}`, {
      cause,
    })
  }
}

/**
 * `$2a$`, `$2b$` and `$2y$`, which are the same but for bugs long gone. As everywhere, only the first 72 octets of a
 * password count. Octets that are not UTF-8 are `hash-unsupported`; no text gives such.
 *
 * @param maximumCost a higher one is `hash-unsupported`
 */
export function bcrypt(thread: CryptThread, maximumCost: number): PasswordFormat {
  return {
    name: NAME,
    recognises: (stored) => /^\$2[aby]\$/.test(stored),
    async matches(stored, password, signal) {
      const { setting, cost, digest } = GRAMMAR.exec(stored)?.groups ?? {}
      if (setting === undefined || digest === undefined) throw hashUnsupported(`${NAME}, not well-formed`)
      if (Number(cost) > maximumCost) throw hashUnsupported(`${NAME}, a cost above "maximumBcryptCost"`)
      return thread.matches({ kind: NAME, setting, digest }, password, signal)
    },
  }
}
