import { readFileSync } from 'node:fs'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { OAuth2Settings } from '../../../src/providers/oauth2/options.ts'
import type { JsonObject } from '../../../src/wire/json.ts'

/** What a server publishes and answers, as it documents it. */
export interface Documents {
  /** Where it stands. */
  readonly source: readonly string[]
  /** Its metadata, where it has some. */
  readonly discovery?: JsonObject
  /** What its token endpoint answers; the id_token is made of `claims`. */
  readonly token: JsonObject
  readonly claims?: JsonObject
  readonly userInfo?: JsonObject
  /** What else it answers at GitHub. */
  readonly emails?: readonly JsonObject[]
  /** What its token endpoint answers to a code that is no good. */
  readonly tokenError: { readonly status: number; readonly body: JsonObject }
}

/** Reads the documents of a server. */
export function documentsOf(name: string): Documents {
  const documents: Documents = JSON.parse(readFileSync(new URL(`./documents/${name}.json`, import.meta.url), 'utf8'))
  return documents
}

type Answer = (headers: Headers) => Promise<Response> | Response

const pair = generateKeyPair('RS256')

/** A server at the addresses that its settings or metadata name, which answers as documented and knows no other address. */
export class DocumentedServer {
  /** Everything that was asked, in order. */
  readonly asked: { readonly url: string; readonly form: URLSearchParams; readonly headers: Headers }[] = []
  /** Whether the code is one that is no good. */
  isCodeWrong = false
  /** Whether the token endpoint answers with a form. */
  isForm = false
  nonce: string | undefined
  readonly #documents: Documents
  readonly #answers: ReadonlyMap<string, Answer>
  readonly #now: number
  /** Where tokens are given. */
  readonly tokenEndpoint: string

  constructor(documents: Documents, { issuer, endpoints }: OAuth2Settings, now: number) {
    this.#documents = documents
    this.#now = now
    const { discovery = {} } = documents
    this.tokenEndpoint = String(endpoints?.token ?? discovery.token_endpoint)
    const userInfo = String(endpoints?.userInfo ?? discovery.userinfo_endpoint)
    this.#answers = new Map<string, Answer>([
      [`${issuer?.replace(/\/$/, '')}/.well-known/openid-configuration`, () => Response.json(discovery)],
      [String(endpoints?.jwks ?? discovery.jwks_uri), async () => Response.json({ keys: [await publicKey()] })],
      [this.tokenEndpoint, () => this.#token()],
      [userInfo, (headers) => this.#guarded(headers, documents.userInfo)],
      ['https://api.github.com/user/emails', (headers) => this.#guarded(headers, documents.emails)],
    ])
  }

  fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    this.asked.push({
      url: request.url,
      form: new URLSearchParams(await request.text()),
      headers: request.headers,
    })
    return this.#answers.get(request.url)?.(request.headers) ?? new Response('not found', { status: 404 })
  }

  async #token(): Promise<Response> {
    const { token, claims, tokenError } = this.#documents
    if (this.isCodeWrong) return Response.json(tokenError.body, { status: tokenError.status })
    if (this.isForm) return new Response(new URLSearchParams(Object.entries(token).map(([k, v]) => [k, String(v)])))
    if (claims === undefined) return Response.json(token)
    const made = { aud: 'client', iat: this.#now, exp: this.#now + 600, nonce: this.nonce }
    const { privateKey } = await pair
    const idToken = await new SignJWT({ ...claims, ...made })
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(privateKey)
    return Response.json({ ...token, id_token: idToken })
  }

  #guarded(headers: Headers, answer: unknown): Response {
    const isRight = headers.get('authorization') === `Bearer ${this.#documents.token.access_token}`
    return isRight && answer !== undefined ? Response.json(answer) : new Response('no', { status: 401 })
  }
}

async function publicKey(): Promise<object> {
  const { publicKey: key } = await pair
  return { ...(await exportJWK(key)), kid: 'one', alg: 'RS256', use: 'sig' }
}
