/** Who logged in, as a server tells it. Plain data. */
export interface Person {
  /** Who says it. With `subject` the only thing to know a person by. */
  readonly issuer: string
  /** Whom `issuer` means: never used for somebody else, and never an e-mail address or a name that can change hands. */
  readonly subject: string
  /** Where the server says they can be written to. Says nothing of who they are, unless `isEmailVerified`. */
  readonly email: string | undefined
  /**
   * Whether the server says that the person showed that `email` is theirs. `false` for servers that document no such thing.
   * It is worth what the server is worth: whoever runs it can say it of any address.
   */
  readonly isEmailVerified: boolean
  /** What to call them. */
  readonly name: string | undefined
  /** Their name at the server, to be shown. It can change hands: nobody is known by it. */
  readonly username: string | undefined
  /** Where a picture of them is. */
  readonly picture: string | undefined
}
