/** The top of the directory. */
export const suffix: string
/** The distinguished name below which people stand. */
export const people: string
/** The distinguished name below which groups stand. */
export const groups: string
/** The account of the service that searches. */
export const service: { readonly dn: string; readonly password: string }
/** The account that nobody uses. */
export const decoyDn: string

/** Finds a program of OpenLDAP's, also where it is not on the path of everybody. */
export function slapdProgram(name?: string): string | undefined

/** Writes a directory into a folder and answers how it is started. When it says `slapd starting`, `listening` waits the rest. */
export function prepareDirectory(options: {
  /** An empty folder. */
  readonly folder: string
  readonly port: number
  /** Wrong passwords before an account is locked for a minute; 0 locks none. Default: 5. */
  readonly failures?: number
  /** Where TLS is spoken, and paths of files. */
  readonly secure?: { readonly port: number; readonly ca: string; readonly cert: string; readonly key: string }
  /** More entries, in LDIF. */
  readonly entries?: string
}): {
  readonly command: string
  readonly args: readonly string[]
  readonly url: string
  readonly secureUrl: string | undefined
}

/** Waits until a slapd that has said that it starts takes connections, a moment later. */
export function listening(url: string): Promise<void>
