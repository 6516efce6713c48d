import type { SealingKey } from '../../../crypto/key-ring.ts'
import { createSealer, type Sealer } from '../../../crypto/seal.ts'
import type { KeepsText, KeptText, SessionRequest } from '../../../sessions/types.ts'
import { parseJsonObject } from '../../../wire/json.ts'
import { decodeUtf8, encodeUtf8 } from '../../../wire/text.ts'
import { jsonOf, type SealedTokens, sealedTokensIn } from './sealed-tokens.ts'

/** The tokens of a session, and the text from which they were read. */
export interface TokensInSession {
  readonly kept: KeptText
  readonly content: SealedTokens
}

const KIND = 'oauth-tokens'

/** Seals tokens for the subject of a session, and reads from sessions what it sealed. */
export class TokenVault {
  readonly #sessions: KeepsText
  readonly #sealer: Sealer
  readonly #name: string
  readonly #prefix: string
  readonly #fault: (message: string) => void

  /** @throws TypeError when the keys cannot be used. */
  constructor(sessions: KeepsText, keys: readonly SealingKey[], name: string, fault: (message: string) => void) {
    this.#sessions = sessions
    this.#sealer = createSealer(keys, { owner: 'sessionTokens()' })
    this.#name = name
    // In the clear, so that what somebody else keeps in the session is not taken for a broken seal.
    this.#prefix = `oauth ${name} `
    this.#fault = fault
  }

  async seal(subject: string, content: SealedTokens): Promise<string> {
    const sealed = await this.#sealer.seal(KIND, this.#bound(subject), encodeUtf8(jsonOf(content)))
    return this.#prefix + sealed
  }

  /** The tokens of a request's session, as the store has them just now; `undefined` when there are none that can be read. */
  async read(request: SessionRequest): Promise<TokensInSession | undefined> {
    const kept = await this.#sessions.readKept(request)
    return kept && this.open(kept)
  }

  /** The tokens in a text that was read. One that does not open is as good as none: nobody need be logged out for it. */
  async open(kept: KeptText): Promise<TokensInSession | undefined> {
    const { text, subject } = kept
    if (!text.startsWith(this.#prefix)) return undefined
    const sealed = text.slice(this.#prefix.length)
    const opened = await this.#sealer.open(KIND, this.#bound(subject), sealed)
    if (opened === undefined) {
      this.#fault(`the tokens of a session do not open (${this.#sealer.reasonOf(sealed)})`)
      return undefined
    }
    const content = sealedTokensIn(parseJsonObject(decodeUtf8(opened.bytes) ?? ''))
    if (content === undefined) this.#fault('the tokens of a session are of a form that this process does not know')
    return content && { kept, content }
  }

  #bound(subject: string): string {
    return `${this.#name} ${subject}`
  }
}
