/** An entry of the directory, with the attributes that were asked for and may be read. */
export interface DirectoryEntry {
  /** The entry's distinguished name, as the server writes it. */
  readonly dn: string
  /** The descriptions of the attributes as the server writes them, with their options: `member;range=0-1499`. */
  readonly names: readonly string[]
  /** The values of an attribute as text, none when it is absent. Names are compared without regard to case. */
  text(name: string): readonly string[]
  /** The values of an attribute as octets, none when it is absent. Names are compared without regard to case. */
  octets(name: string): readonly Uint8Array[]
}

/** One search. */
export interface DirectorySearch {
  readonly base: string
  readonly scope: 'base' | 'one' | 'sub'
  /** In the syntax of RFC 4515. */
  readonly filter: string
  /** What to read of each entry. Values are read as text or as octets, whichever is asked of the entry. */
  readonly attributes: readonly string[]
  /** Attributes among `attributes` whose octets must arrive unchanged, even where they look like text. Default: none. */
  readonly binary?: readonly string[] | undefined
  /** The most entries to answer; more are left out silently. Default: all, fetched in pages. */
  readonly sizeLimit?: number | undefined
}

/** What reads the directory with the service's rights. */
export interface Directory {
  /**
   * Answers the entries that match, none when the base of a search of scope `base` is not there.
   *
   * Bounded by the settings of the connection, and repeated once when a pooled connection turns out dead.
   *
   * @throws AuthenticationError, as a rejection, when the directory cannot be asked.
   */
  search(search: DirectorySearch, signal: AbortSignal): Promise<readonly DirectoryEntry[]>
}
