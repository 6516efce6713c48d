import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { freePort } from '../servers/process.ts'

/** A key of an issuer, which may be published or not. */
export interface IssuerKey {
  readonly kid: string
  readonly jwk: Readonly<Record<string, unknown>>
  /** Makes a token with these claims. */
  sign(claims: object): string
}

export function issuerKey(kid: string): IssuerKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { kid, jwk: { ...publicKey.export({ format: 'jwk' }), kid }, sign: (claims) => token(claims, kid, privateKey) }
}

function token(claims: object, kid: string, key: KeyObject): string {
  const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${segment({ alg: 'EdDSA', typ: 'at+jwt', kid })}.${segment(claims)}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

/** An issuer over HTTP that fails in every way there is. */
export class UnrulyIssuer {
  readonly url: string
  /** How often its keys were asked for, those times not counted when nobody listened. */
  asked = 0
  #answer: (response: ServerResponse) => unknown = (response) => response.end()
  readonly #port: number
  #server = createServer()

  private constructor(port: number) {
    this.#port = port
    this.url = `http://127.0.0.1:${port}/jwks.json`
  }

  static async start(): Promise<UnrulyIssuer> {
    const issuer = new UnrulyIssuer(await freePort())
    await issuer.revive()
    return issuer
  }

  /** Publishes a set of keys, which may be kept for a minute. */
  publish(...keys: readonly IssuerKey[]): void {
    this.#answer = (response) =>
      response
        .writeHead(200, { 'Content-Type': 'application/jwk-set+json', 'Cache-Control': 'max-age=60' })
        .end(setOf(keys))
  }

  /** Takes connections and answers nothing. */
  hang(): void {
    this.#answer = () => {}
  }

  /** Answers this text with this status, whatever it is asked. */
  say(status: number, contentType: string, text: string | Uint8Array): void {
    this.#answer = (response) => response.writeHead(status, { 'Content-Type': contentType }).end(text)
  }

  /** Answers so many octets of JSON, until the connection is closed. */
  flood(octets: number): void {
    this.#answer = (response) => {
      const chunk = Buffer.alloc(65_536, 0x20)
      let left = octets
      const more = (): void => {
        while (left > 0) {
          left -= chunk.length
          if (!response.write(chunk)) return
        }
        response.end()
      }
      response.writeHead(200, { 'Content-Type': 'application/json' }).on('drain', more)
      more()
    }
  }

  /** Listens no more, and breaks off what is under way. */
  async die(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async revive(): Promise<void> {
    const listener: RequestListener = (_request, response) => {
      this.asked++
      this.#answer(response)
    }
    this.#server = createServer(listener)
    await once(this.#server.listen(this.#port, '127.0.0.1'), 'listening')
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.die()
  }
}

/** The JWK Set of some keys, as text. */
export function setOf(keys: readonly IssuerKey[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })
}
