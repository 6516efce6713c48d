/**
 * A key of AES-256-GCM that is ready for use. Both answer at once on Node, with a promise on Web Crypto.
 *
 * @see NIST SP 800-38D
 */
export interface AesGcm {
  /** Encrypts under an IV of 12 octets that was never used with this key: the ciphertext, then its tag of 16 octets. */
  encrypt(iv: Uint8Array, plaintext: Uint8Array, additional: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** Decrypts what `encrypt` gave; `undefined` when it is not that, or not for these `additional` octets. */
  decrypt(
    iv: Uint8Array,
    sealed: Uint8Array,
    additional: Uint8Array,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>
}

/** The octets of an authentication tag, at the end of every ciphertext. */
export const TAG_BYTES = 16
