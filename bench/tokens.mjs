// Tokens in one process: verified cold and remembered, refused, and how often keys are fetched.
import { createHash, createHmac, hash, timingSafeEqual, verify } from 'node:crypto'
import Jwt from '@hapi/jwt'
import { AuthenticationFailedCause, authentication, provider } from 'becauth'
import { jwt } from 'becauth/jwt'
import { staticKeys } from 'becauth/keys'
import { createVerifier } from 'fast-jwt'
import { importJWK, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { audience, claimsOf, issuer, makeIssuer, secret, secretKey, tokenOf } from './servers/tokens.mjs'
import { Source } from './source.mjs'

const WARM_UP = 300
const rules = { issuer, audience, profile: 'any' }
const tag = (signed) => createHmac('sha256', secretKey).update(signed).digest()
const octets = new Uint8Array(Buffer.from(secret))
const person = Object.freeze({ name: 'ada' })
const digest =
  hash === undefined ? (text) => createHash('sha256').update(text).digest('hex') : (text) => hash('sha256', text, 'hex')

/** HMAC beside the key pairs of the others. */
function makeHmac() {
  const token = (claims) => tokenOf({ alg: 'HS256' }, claims, tag)
  return { alg: 'HS256', publicKey: secretKey, pem: Buffer.from(secret), token }
}

/** The least that a signature costs: Node's own function over the bytes that were signed, ready to be compared. */
function floorOf({ alg, publicKey }, token) {
  const end = token.lastIndexOf('.')
  const text = token.slice(0, end)
  const signed = Buffer.from(text)
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  if (alg === 'HS256') return () => timingSafeEqual(createHmac('sha256', secretKey).update(text).digest(), signature)
  const key = { key: publicKey }
  if (alg === 'ES256') key.dsaEncoding = 'ieee-p1363'
  if (alg === 'PS256') Object.assign(key, { padding: 6, saltLength: -1 })
  return () => verify(alg === 'EdDSA' ? null : 'sha256', signed, key, signature)
}

function becauthOf({ alg, jwk }, cache) {
  const algorithms = [alg]
  const keys = staticKeys([jwk ?? octets])
  return authentication({ api: jwt({ ...rules, algorithms, keys, cache }) }).require('api')
}

/** A decision over the field that has a token: made once for each, since a server is handed it as one text. */
function decides(requirement) {
  let [token, field] = []
  return (next) => {
    if (next !== token) [token, field] = [next, Buffer.from(`Bearer ${next}`).toString('latin1')]
    return requirement.decide(new Source('authorization', field))
  }
}

/** One function for each library, that answers something about a token, or throws. */
async function verifiersOf(own) {
  const { alg, jwk, pem, publicKey } = own
  const algorithms = [alg]
  const fast = { key: pem, algorithms, allowedIss: issuer, allowedAud: audience }
  const [fastJwt, fastJwtCached] = [createVerifier(fast), createVerifier({ ...fast, cache: true })]
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = jwk ? await importJWK(jwk, alg) : await crypto.subtle.importKey('raw', octets, hmac, false, ['verify'])
  const [cold, cached] = [becauthOf(own, false), becauthOf(own, undefined)]
  const hapi = { key: pem, algorithm: alg }
  return {
    becauth: decides(cold),
    'becauth, remembered': decides(cached),
    jose: (token) => jwtVerify(token, key, { issuer, audience, algorithms }),
    'fast-jwt': fastJwt,
    'fast-jwt, cached': fastJwtCached,
    jsonwebtoken: (token) => jsonwebtoken.verify(token, publicKey, { issuer, audience, algorithms }),
    '@hapi/jwt': (token) => {
      const artifacts = Jwt.token.decode(token)
      Jwt.token.verify(artifacts, hapi, { iss: issuer, aud: audience })
      return artifacts.decoded.payload
    },
  }
}

/** Whether a library takes a token. Not every one knows every algorithm. */
async function accepts(run, token) {
  try {
    const answer = await run(token)
    return answer.kind === undefined || answer.kind === 'authenticated'
  } catch {
    return false
  }
}

/** The same token with another signature. */
function broken(token) {
  const at = token.lastIndexOf('.') + 1
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
}

/** What refuses by throwing is caught, as whoever calls it must. */
function caught(run) {
  return (token) => {
    try {
      const answer = run(token)
      return answer instanceof Promise ? answer.catch(() => undefined) : answer
    } catch {
      return undefined
    }
  }
}

/** Processor time of one call, all threads together: what the machine does otherwise is not in it. */
async function microsecondsOf(run, milliseconds) {
  let calls = 0
  const before = process.cpuUsage()
  const until = performance.now() + milliseconds
  while (performance.now() < until) {
    for (let index = 0; index < 20; index++) {
      const answer = run()
      if (answer instanceof Promise) await answer
    }
    calls += 20
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

const at = (values, share) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]

/** Runs all in turn, round after round, and tells the median of each and of how many times it is the first. */
async function inTurn(runs, { rounds, milliseconds }) {
  const names = Object.keys(runs)
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  for (const name of names) await microsecondsOf(runs[name], WARM_UP)
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples[name].push(await microsecondsOf(runs[name], milliseconds))
  }
  const [first] = names
  return Object.fromEntries(
    names.map((name) => {
      const ratios = samples[name].map((value, index) => value / samples[first][index])
      return [name, { microseconds: at(samples[name], 0.5), ratio: at(ratios, 0.5) }]
    }),
  )
}

async function verification(own, settings) {
  const token = own.token(claimsOf())
  const runs = { floor: floorOf(own, token) }
  if (runs.floor() !== true) throw new Error(`${own.alg}: the floor is wrong`)
  for (const [name, run] of Object.entries(await verifiersOf(own))) {
    if (!(await accepts(run, token))) {
      if (name.startsWith('becauth')) throw new Error(`${own.alg}: ${name} refuses the token`)
      continue
    }
    if (await accepts(run, broken(token))) throw new Error(`${own.alg}: ${name} takes a wrong signature`)
    runs[name] = () => run(token)
  }
  return { alg: own.alg, length: token.length, rows: await inTurn(runs, settings) }
}

async function refusals(own, settings) {
  const token = broken(own.token(claimsOf()))
  const runs = {}
  for (const [name, run] of Object.entries(await verifiersOf(own))) {
    if (name.includes(',')) continue
    const safe = caught(run)
    runs[name] = () => safe(token)
  }
  const right = own.token(claimsOf())
  const { becauth } = await verifiersOf(own)
  return inTurn({ 'becauth, accepting': () => becauth(right), ...runs }, settings)
}

/** A token of so many characters: what is lacking is filled up. */
function tokenOfLength(own, length) {
  const claims = { iss: issuer, aud: 'orders', exp: claimsOf().exp, p: '' }
  for (;;) {
    const token = own.token(claims)
    if (token.length >= length) return token
    claims.p += 'x'
  }
}

/** A decision over a token that is known, beside one hash of it and a decision of a provider that does nothing. */
async function hits(own, settings) {
  const auth = authentication({
    api: jwt({ ...rules, audience: 'orders', algorithms: ['HS256'], keys: staticKeys([octets]) }),
    trivial: provider({
      challenge: { scheme: 'Test' },
      authenticate: ({ request }) =>
        request.header('authorization') === undefined
          ? { cause: AuthenticationFailedCause.NoCredentials }
          : { principal: person },
    }),
  })
  const [api, trivial] = [auth.require('api'), auth.require('trivial')]
  const rows = []
  for (const length of [200, 800, 1200]) {
    const token = tokenOfLength(own, length)
    const value = Buffer.from(`Bearer ${token}`).toString('latin1')
    const measured = await inTurn(
      {
        hash: () => digest(token),
        hit: () => api.decide(new Source('authorization', value)),
        trivial: () => trivial.decide(new Source('authorization', value)),
      },
      settings,
    )
    const [hashed, hit, none] = ['hash', 'hit', 'trivial'].map((name) => measured[name].microseconds)
    rows.push({ length: token.length, hash: hashed, hit, trivial: none })
  }
  return rows
}

/** Microseconds of verifying tokens, becauth's and others'. */
export async function measureTokens(settings) {
  const issuers = [makeHmac(), ...['RS256', 'ES256', 'EdDSA', 'PS256'].map((alg) => makeIssuer(alg))]
  const verified = []
  for (const own of issuers) {
    verified.push(await verification(own, settings))
    console.error(`tokens, ${own.alg}: done`)
  }
  return { verified, hits: await hits(issuers[0], settings), refused: await refusals(issuers[0], settings) }
}
