import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js'

const callback = 'http://127.0.0.1:1/callback'

/** What a client of MCP keeps: who it is, its tokens, and where its person has to go. */
export class Keeper implements OAuthClientProvider {
  readonly redirectUrl: string = callback
  readonly clientMetadata: OAuthClientMetadata = {
    client_name: 'a client of MCP',
    redirect_uris: [callback],
    // Without refresh tokens: the SDK would rather refresh than ask for another scope, and then give up.
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
  /** The addresses to which the person was sent. */
  readonly sentTo: URL[] = []
  readonly registered: OAuthClientInformationMixed[] = []
  #tokens: OAuthTokens | undefined
  #verifier = ''

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.registered.at(-1)
  }

  saveClientInformation(information: OAuthClientInformationMixed): void {
    this.registered.push(information)
  }

  tokens(): OAuthTokens | undefined {
    return this.#tokens
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#tokens = tokens
  }

  redirectToAuthorization(url: URL): void {
    this.sentTo.push(url)
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  codeVerifier(): string {
    return this.#verifier
  }
}
