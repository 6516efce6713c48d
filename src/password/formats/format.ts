import type { Awaitable } from '../../core/provider.ts'

/** One way in which passwords lie in a table or file. `passwords()` asks them in order. */
export interface PasswordFormat {
  /** For messages: `bcrypt`, `md5-crypt`. */
  readonly name: string
  /** Whether a stored text is of this format, by its prefix or shape; cheap, never throws. */
  recognises(stored: string): boolean
  /**
   * Whether a password belongs to a stored text. The octets are the password in UTF-8 as the client sent it, and after
   * NFC where the two differ: the received form is tried first. Runs inside the queue's slot.
   *
   * Rejects with an `AuthenticationError` of code `hash-unsupported` when this process cannot compute it or a parameter
   * is over its cap; answers `false` only for a wrong password.
   */
  matches(stored: string, password: PasswordOctets, signal: AbortSignal | undefined): Awaitable<boolean>
}

/** A password as octets, in the forms worth trying. */
export interface PasswordOctets {
  readonly received: Uint8Array
  /** `undefined` when it equals `received`. */
  readonly normalised: Uint8Array | undefined
}
