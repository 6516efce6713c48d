import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

/** An issuer of which a test says what it answers. Nothing goes over the network. */
export class ScriptedIssuer {
  readonly issuer: string
  /** What was asked, in order: the method and the path. */
  readonly asked: string[] = []
  /** The forms that came to the token endpoint. */
  readonly tokenRequests: { readonly form: URLSearchParams; readonly headers: Headers; readonly url: string }[] = []
  /** Changes the metadata. */
  metadata: Record<string, unknown> = {}
  /** Answers a token request in the place of the issuer. */
  token: ((form: URLSearchParams, signal: AbortSignal | undefined) => Response | Promise<Response>) | undefined
  /** Answers UserInfo in the place of the issuer. */
  userInfo: (() => Response | Promise<Response>) | undefined
  /** Changes the claims of the id_token. */
  claims: JWTPayload = {}
  /** Signs in the place of the issuer's key. */
  signer: { readonly key: Key | Uint8Array; readonly alg: string; readonly kid: string } | undefined
  down = false
  /** The paths that do not answer. */
  readonly downAt: Set<string> = new Set()
  nonce = ''
  readonly #clock: () => number
  readonly #key: Key
  readonly #jwk: object

  private constructor(issuer: string, clock: () => number, key: Key, jwk: object) {
    this.issuer = issuer
    this.#clock = clock
    this.#key = key
    this.#jwk = jwk
  }

  static async start(issuer: string, clock: () => number): Promise<ScriptedIssuer> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'es', alg: 'ES256', use: 'sig' }
    return new ScriptedIssuer(issuer, clock, privateKey, jwk)
  }

  /** The public key, as everybody can read it. */
  get publicJwk(): object {
    return this.#jwk
  }

  fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const pathname = new URL(request.url).pathname.replace(new URL(this.issuer).pathname.replace(/\/$/, ''), '')
    this.asked.push(`${request.method} ${pathname}`)
    if (this.down || this.downAt.has(pathname)) throw new TypeError('fetch failed')
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return Response.json({
          issuer: this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          jwks_uri: `${this.issuer}/jwks`,
          userinfo_endpoint: `${this.issuer}/me`,
          code_challenge_methods_supported: ['S256'],
          id_token_signing_alg_values_supported: ['ES256'],
          authorization_signing_alg_values_supported: ['ES256'],
          ...this.metadata,
        })
      case '/jwks':
        return Response.json({ keys: [this.#jwk] })
      case '/token': {
        const form = new URLSearchParams(await request.text())
        this.tokenRequests.push({ form, headers: request.headers, url: request.url })
        return this.token?.(form, init?.signal ?? undefined) ?? Response.json(await this.tokens())
      }
      case '/me':
        return this.userInfo?.() ?? Response.json({ sub: 'ada', name: 'Ada' })
      default:
        return new Response('not found', { status: 404 })
    }
  }

  /** What the token endpoint answers by itself. */
  async tokens(): Promise<Record<string, unknown>> {
    return { access_token: 'at', token_type: 'Bearer', expires_in: 60, id_token: await this.idToken() }
  }

  /** The answer to an authorization request as JARM has it. */
  async signedAnswer(parameters: URLSearchParams, claims: JWTPayload = {}): Promise<string> {
    const signer = this.signer ?? { key: this.#key, alg: 'ES256', kid: 'es' }
    const answer = { iss: this.issuer, aud: 'orders', exp: Math.floor(this.#clock()) + 60, code: 'c' }
    return new SignJWT({ ...answer, state: parameters.get('state'), ...claims })
      .setProtectedHeader({ alg: signer.alg, kid: signer.kid })
      .sign(signer.key)
  }

  /** What UserInfo says, signed. */
  async signedUserInfo(claims: JWTPayload): Promise<Response> {
    const signer = this.signer ?? { key: this.#key, alg: 'ES256', kid: 'es' }
    const text = await new SignJWT({ iss: this.issuer, aud: 'orders', ...claims })
      .setProtectedHeader({ alg: signer.alg, kid: signer.kid })
      .sign(signer.key)
    return new Response(text, { headers: { 'content-type': 'application/jwt' } })
  }

  async idToken(): Promise<string> {
    const now = Math.floor(this.#clock())
    const signer = this.signer ?? { key: this.#key, alg: 'ES256', kid: 'es' }
    const claims = { iss: this.issuer, sub: 'ada', aud: 'orders', exp: now + 60, iat: now, nonce: this.nonce }
    return new SignJWT({ ...claims, ...this.claims })
      .setProtectedHeader({ alg: signer.alg, kid: signer.kid })
      .sign(signer.key)
  }
}
