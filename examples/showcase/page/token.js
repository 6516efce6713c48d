// Gets tokens for the page, and makes the proofs of DPoP (RFC 9449) by a key that this page alone has.

/** The header fields that show a token of this person's to a route. */
export async function bearing({ dpop, ...login }, { method, path }) {
  const key = dpop && (await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']))
  const token = await tokenFor(login, key)
  if (key === undefined) return { Authorization: `Bearer ${token}` }
  const bare = { Authorization: `DPoP ${token}` }
  const send = (headers) => fetch(path, { method, headers, credentials: 'omit', cache: 'no-store' })
  // The first proof is made without the nonce that the service wants in it, as clients do that do not know one yet.
  const asked = await send({ ...bare, DPoP: await proof(key, { method, path, token }) })
  const nonce = asked.headers.get('DPoP-Nonce')
  if (dpop === 'stolen') return bare
  const proved = { ...bare, DPoP: await proof(key, { method, path, token, nonce }) }
  if (dpop === 'twice') await send(proved)
  return proved
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

async function tokenFor(login, key) {
  const headers = { 'Content-Type': 'application/json' }
  if (key !== undefined) headers.DPoP = await proof(key, { method: 'POST', path: '/token' })
  const body = JSON.stringify(login)
  const answer = await fetch('/token', { method: 'POST', headers, body, credentials: 'omit', cache: 'no-store' })
  return (await answer.json()).access_token
}

/** A JWT that says: just now, for this request, by whoever has this key. */
async function proof({ publicKey, privateKey }, { method, path, token, nonce = undefined }) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }
  const claims = {
    jti: crypto.randomUUID(),
    htm: method,
    htu: new URL(path, location.href).href,
    iat: Math.floor(Date.now() / 1000),
    ath: token && base64url(await crypto.subtle.digest('SHA-256', octets(token))),
    nonce,
  }
  const signed = [header, claims].map((part) => base64url(octets(JSON.stringify(part)))).join('.')
  return `${signed}.${base64url(await crypto.subtle.sign(algorithm, privateKey, octets(signed)))}`
}

function octets(text) {
  return new TextEncoder().encode(text)
}

function base64url(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
