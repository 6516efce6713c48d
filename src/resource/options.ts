/** What `protectedResource()` is told. What is left out is not in the metadata. */
export interface ProtectedResourceOptions {
  /**
   * The resource identifier: a fixed, absolute `https` URL without fragment, exactly as tokens have it in `aud`. Never taken
   * from a request. `http` is accepted for the loopback interface alone.
   */
  readonly resource: string
  /** The issuers whose tokens are accepted, for clients to choose one. */
  readonly authorizationServers?: readonly string[] | undefined
  /** The scopes that challenges ask for: what a client needs to begin with. Default: none. */
  readonly scopes?: readonly string[] | undefined
  /** All scopes that there are. Default: `scopes`. */
  readonly scopesSupported?: readonly string[] | undefined
  /** How tokens may be sent. Default: `['header']`. */
  readonly bearerMethodsSupported?: readonly ('header' | 'body' | 'query')[] | undefined
  /** Where the resource's own keys are, for what it signs. */
  readonly jwksUri?: string | undefined
  /** By which algorithms the resource signs. */
  readonly resourceSigningAlgValuesSupported?: readonly string[] | undefined
  /** The name, for people. */
  readonly resourceName?: string | undefined
  /** A page for developers. */
  readonly resourceDocumentation?: string | undefined
  /** A page about how data may be used. */
  readonly resourcePolicyUri?: string | undefined
  /** The terms of service. */
  readonly resourceTosUri?: string | undefined
  /** Whether tokens may be bound to a client's certificate, as with `certificateBound()`. */
  readonly tlsClientCertificateBoundAccessTokens?: boolean | undefined
  /** The `type` values of `authorization_details` that are understood (RFC 9396). */
  readonly authorizationDetailsTypesSupported?: readonly string[] | undefined
  /** The algorithms of proofs, as given to `dpop()`. */
  readonly dpopSigningAlgValuesSupported?: readonly string[] | undefined
  /** Whether every token must be bound to a key by DPoP. */
  readonly dpopBoundAccessTokensRequired?: boolean | undefined
}

/**
 * The metadata of a protected resource, as clients read it.
 *
 * @see RFC 9728, section 2
 */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers?: readonly string[]
  readonly jwks_uri?: string
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported?: readonly string[]
  readonly resource_signing_alg_values_supported?: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly resource_policy_uri?: string
  readonly resource_tos_uri?: string
  readonly tls_client_certificate_bound_access_tokens?: boolean
  readonly authorization_details_types_supported?: readonly string[]
  readonly dpop_signing_alg_values_supported?: readonly string[]
  readonly dpop_bound_access_tokens_required?: boolean
}

const scopeToken = /^[!#-[\]-~]+$/
const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** @throws TypeError when an option cannot be used. */
export function resourceUrlOf({ resource }: ProtectedResourceOptions): URL {
  const url = urlOf(resource)
  const isCanonical = url !== undefined && (url.href === resource || url.href === `${resource}/`)
  if (url === undefined || !isCanonical || url.hash !== '' || url.username !== '' || resource.endsWith('#')) {
    throw new TypeError(
      'protectedResource(): "resource" must be an absolute https URL in its canonical form, without user and fragment',
    )
  }
  return url
}

/** @throws TypeError when an option cannot be used. */
export function metadataOf(options: ProtectedResourceOptions): ResourceMetadata {
  const { scopes, scopesSupported = scopes } = options
  for (const [name, list] of Object.entries({ scopes, scopesSupported })) {
    if (list !== undefined && !isListOf(list, (one) => scopeToken.test(one))) throw wrong(name, 'a list of scopes')
  }
  const urls = ['jwksUri', 'resourceDocumentation', 'resourcePolicyUri', 'resourceTosUri'] as const
  for (const name of urls) {
    if (options[name] !== undefined && urlOf(options[name]) === undefined) throw wrong(name, 'an absolute https URL')
  }
  const servers = options.authorizationServers
  if (servers !== undefined && !isListOf(servers, (one) => urlOf(one) !== undefined)) {
    throw wrong('authorizationServers', 'a list of issuers, which are https URLs')
  }
  const lists = [
    'bearerMethodsSupported',
    'resourceSigningAlgValuesSupported',
    'authorizationDetailsTypesSupported',
    'dpopSigningAlgValuesSupported',
  ] as const
  for (const name of lists) {
    if (options[name] !== undefined && !isListOf(options[name], (one) => one !== ''))
      throw wrong(name, 'a list of texts')
  }
  return frozen({
    resource: options.resource,
    authorization_servers: servers,
    jwks_uri: options.jwksUri,
    scopes_supported: scopesSupported,
    bearer_methods_supported: options.bearerMethodsSupported ?? ['header'],
    resource_signing_alg_values_supported: options.resourceSigningAlgValuesSupported,
    resource_name: options.resourceName,
    resource_documentation: options.resourceDocumentation,
    resource_policy_uri: options.resourcePolicyUri,
    resource_tos_uri: options.resourceTosUri,
    tls_client_certificate_bound_access_tokens: options.tlsClientCertificateBoundAccessTokens,
    authorization_details_types_supported: options.authorizationDetailsTypesSupported,
    dpop_signing_alg_values_supported: options.dpopSigningAlgValuesSupported,
    dpop_bound_access_tokens_required: options.dpopBoundAccessTokensRequired,
  })
}

type Loose = { readonly [K in keyof ResourceMetadata]: ResourceMetadata[K] | undefined }

/** Leaves out what is not there (RFC 9728, section 2: empty lists are left out as well) and keeps the rest as it is now. */
function frozen({ resource, ...others }: Loose & { readonly resource: string }): ResourceMetadata {
  const present = Object.entries(others)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [name, Array.isArray(value) ? Object.freeze([...value]) : value])
  return Object.freeze({ resource, ...Object.fromEntries(present) })
}

/** An address that may stand in metadata: `https`, or `http` of this very machine. */
function urlOf(text: unknown): URL | undefined {
  if (typeof text !== 'string' || !/^[!-~]+$/.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && loopback.test(url.hostname) ? url : undefined
}

function isListOf(value: unknown, fits: (text: string) => boolean): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && fits(one))
}

function wrong(name: string, wanted: string): TypeError {
  return new TypeError(`protectedResource(): "${name}" must be ${wanted}`)
}
