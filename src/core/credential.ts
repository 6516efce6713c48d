/** A username and a password as a client sent them, unproved. Either may be empty. */
export interface UserPasswordCredential {
  readonly username: string
  readonly password: string
}
