/**
 * What clients are told about the protected resource that a provider guards. `protectedResource()` makes one.
 *
 * @see RFC 9728, section 5.1
 */
export interface TokenResource {
  /** The resource identifier: what `aud` must be. */
  readonly resource: string
  /** Where the metadata is; challenges carry it as `resource_metadata`. */
  readonly metadataUrl: string
  /** The scopes that challenges ask for; may be empty. */
  readonly scopes: readonly string[]
}
