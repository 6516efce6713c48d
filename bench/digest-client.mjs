import { createHash, hash, randomBytes } from 'node:crypto'

const names = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' }

/** One hash of a text in hexadecimal digits, the fastest way this Node has. */
export function hashed(algorithm, text) {
  const name = names[algorithm.replace('-sess', '')]
  return hash === undefined ? createHash(name).update(text).digest('hex') : hash(name, text)
}

/** A client of Digest that answers one challenge again and again, counting on: each of its headers is good once. */
export class DigestClient {
  #count = 0
  #cnonce = randomBytes(12).toString('base64url')

  constructor({ realm, nonce, algorithm = 'MD5' }, { uri, username, password, method = 'GET' }) {
    this.algorithm = algorithm
    this.nonce = nonce
    this.ha2 = hashed(algorithm, `${method}:${uri}`)
    const secret = hashed(algorithm, `${username}:${realm}:${password}`)
    this.ha1 = algorithm.endsWith('-sess') ? hashed(algorithm, `${secret}:${nonce}:${this.#cnonce}`) : secret
    this.rest = `username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=${algorithm}, qop=auth`
  }

  /** What is hashed last: the text whose hash is the response, with the next count. */
  line() {
    this.nc = (++this.#count).toString(16).padStart(8, '0')
    return `${this.ha1}:${this.nonce}:${this.nc}:${this.#cnonce}:auth:${this.ha2}`
  }

  header() {
    const response = hashed(this.algorithm, this.line())
    return `Digest ${this.rest}, nc=${this.nc}, cnonce="${this.#cnonce}", response="${response}"`
  }
}

/** The parameters of a challenge without escapes. */
export function parametersOf(challenge) {
  const found = challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^",\s]+))/g)
  return Object.fromEntries([...found].map(([, name, quoted, plain]) => [name, quoted ?? plain]))
}
