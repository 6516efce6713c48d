// Answers a Digest challenge (RFC 7616) in the page: by SHA-256, which is all that browsers can compute of what is offered.

/** The header that answers this challenge. */
export async function respond(challenge, { method, path, body, login }) {
  const offered = parametersOf(challenge)
  const { username, password, uri = path, nonce = offered.nonce, signedBody = body } = login
  const { realm, qop } = offered
  const nc = '00000001'
  const cnonce = crypto.randomUUID()
  const ha1 = await sha256(`${username}:${realm}:${password}`)
  const line = `${method}:${uri}`
  const ha2 = await sha256(qop === 'auth-int' ? `${line}:${await sha256(signedBody ?? '')}` : line)
  const response = await sha256([ha1, nonce, nc, cnonce, qop, ha2].join(':'))
  const quoted = { username, realm, nonce, uri, cnonce, response }
  const parameters = Object.entries(quoted).map(([name, value]) => `${name}="${value}"`)
  return `Digest ${[...parameters, `nc=${nc}`, `qop=${qop}`, 'algorithm=SHA-256'].join(', ')}`
}

/** The parameters of one challenge, which this server writes without escapes. */
function parametersOf(challenge) {
  const found = (challenge ?? '').matchAll(/(\w+)=(?:"([^"]*)"|([^",\s]+))/g)
  return Object.fromEntries([...found].map(([, name, quoted, plain]) => [name, quoted ?? plain]))
}

async function sha256(text) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (octet) => octet.toString(16).padStart(2, '0')).join('')
}
