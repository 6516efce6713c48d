import { signCompact } from '#jws'
import { publicJwks } from '../keys/key-set.ts'
import { generateSigningKey, type SigningAlgorithm, type SigningKey, signingKey } from '../keys/signing-key.ts'

/** What `fakeIssuer()` may be told. */
export interface FakeIssuerOptions {
  /** What `iss` says, without a slash at the end. Default: `'https://issuer.example'`. */
  readonly issuer?: string | undefined
  /** What its keys are for. Default: `'ES256'`. */
  readonly alg?: SigningAlgorithm | undefined
  /** Seconds since 1970. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
}

/** How a token differs from a right one. */
export interface FakeTokenOptions {
  /** Claims besides the right ones or instead of them; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** What `typ` says; `null` leaves it out. Default: `'at+jwt'`. */
  readonly typ?: string | null | undefined
  /** Which of the issuer's keys signs, withdrawn ones included. Default: the newest. */
  readonly kid?: string | undefined
}

/** An issuer for tests of whatever verifies tokens. */
export interface FakeIssuer {
  readonly issuer: string
  readonly jwksUri: string
  /** The ids of the keys that are published, the oldest first. */
  readonly kids: readonly string[]
  /** The addresses that were fetched, in order. */
  readonly fetched: readonly string[]
  /** Answers for the issuer, without a network; anything else is not found. For the option `fetch` of `jwks()` and others. */
  readonly fetch: typeof globalThis.fetch
  /**
   * Makes an access token by the profile of RFC 9068: `sub` is `user`, `client_id` is `client`, `aud` is
   * `https://api.example`, and it is good for 600 seconds.
   *
   * @throws TypeError when `kid` is not one of the issuer's.
   */
  token(options?: FakeTokenOptions): Promise<string>
  /** Adds a key, which signs from now on, and answers its id. The others stay published. */
  rotate(): Promise<string>
  /** Stops publishing a key. */
  withdraw(kid: string): void
  /**
   * Answers everything otherwise from now on: an outage, a page of HTML, an endless wait. Throw for a network that is down;
   * `undefined` for the issuer itself again.
   */
  answerWith(answer: ((url: string, signal: AbortSignal) => Response | Promise<Response>) | undefined): void
}

/**
 * Makes an issuer that has metadata, a JWK Set and tokens, and no network.
 *
 * @example
 * import { jwt } from 'becauth/jwt'
 * import { discoveredKeys } from 'becauth/keys'
 * import { fakeIssuer } from 'becauth/testing'
 *
 * const fake = await fakeIssuer()
 *
 * export const api = jwt({
 *   issuer: fake.issuer,
 *   audience: 'https://api.example',
 *   keys: discoveredKeys(fake.issuer, { fetch: fake.fetch }),
 * })
 * export const token = await fake.token({ claims: { scope: 'orders:read' } })
 *
 * @see RFC 8414, section 3; OpenID Connect Discovery 1.0, section 4; RFC 9068, section 2
 */
export async function fakeIssuer(options: FakeIssuerOptions = {}): Promise<FakeIssuer> {
  const { issuer = 'https://issuer.example', alg = 'ES256', clock = () => Date.now() / 1000 } = options
  const fake = new Fake(issuer, alg, clock)
  await fake.rotate()
  return fake
}

class Fake implements FakeIssuer {
  readonly issuer: string
  readonly fetched: string[] = []
  readonly fetch: typeof globalThis.fetch
  readonly #alg: SigningAlgorithm
  readonly #clock: () => number
  readonly #keys: SigningKey[] = []
  readonly #withdrawn = new Set<string>()
  #answer: Parameters<FakeIssuer['answerWith']>[0]

  constructor(issuer: string, alg: SigningAlgorithm, clock: () => number) {
    this.issuer = issuer
    this.#alg = alg
    this.#clock = clock
    this.fetch = async (input, init) => {
      const request = new Request(input, init)
      this.fetched.push(request.url)
      if (request.signal.aborted) throw request.signal.reason
      return this.#answer === undefined ? this.#respond(request.url) : this.#answer(request.url, request.signal)
    }
  }

  get jwksUri(): string {
    return `${this.issuer}/jwks.json`
  }

  get kids(): readonly string[] {
    return this.#published.map(({ kid }) => kid)
  }

  get #published(): readonly SigningKey[] {
    return this.#keys.filter(({ kid }) => !this.#withdrawn.has(kid))
  }

  async token({ claims, typ = 'at+jwt', kid }: FakeTokenOptions = {}): Promise<string> {
    const key = kid === undefined ? this.#keys.at(-1) : this.#keys.find((each) => each.kid === kid)
    if (key === undefined) throw new TypeError('token(): "kid" must be the id of a key of this issuer')
    const iat = Math.floor(this.#clock())
    const right = { iss: this.issuer, sub: 'user', client_id: 'client', aud: 'https://api.example' }
    const payload = { ...right, iat, exp: iat + 600, jti: globalThis.crypto.randomUUID(), ...claims }
    const header = { alg: key.alg, kid: key.kid, ...(typ !== null && { typ }) }
    return signCompact(key, header, JSON.stringify(payload))
  }

  async rotate(): Promise<string> {
    const key = signingKey(await generateSigningKey(this.#alg))
    this.#keys.push(key)
    return key.kid
  }

  withdraw(kid: string): void {
    this.#withdrawn.add(kid)
  }

  answerWith(answer: Parameters<FakeIssuer['answerWith']>[0]): void {
    this.#answer = answer
  }

  #respond(url: string): Response {
    const { origin, pathname } = new URL(this.issuer)
    const path = pathname.replace(/\/$/, '')
    switch (url) {
      case `${this.issuer}/.well-known/openid-configuration`:
      case `${origin}/.well-known/oauth-authorization-server${path}`:
        return Response.json({ issuer: this.issuer, jwks_uri: this.jwksUri })
      case this.jwksUri: {
        const headers = { 'Content-Type': 'application/jwk-set+json' }
        const keys = publicJwks(this.#published.map(({ verification }) => verification))
        return Response.json({ keys }, { headers })
      }
      default:
        return new Response(null, { status: 404 })
    }
  }
}
