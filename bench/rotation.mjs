import { authentication } from 'becauth'
import { jwt } from 'becauth/jwt'
import { jwks } from 'becauth/keys'
import { audience, claimsOf, issuer, makeIssuer } from './servers/tokens.mjs'
import { Source } from './source.mjs'

const REQUESTS = 10_000
const PARALLEL = 50
const ROTATIONS = 10

/** An issuer on a clock of its own, whose set has the newest key and the one before. */
function makeWorld(cooldownSeconds) {
  let now = 1_800_000_000
  let fetches = 0
  const issuers = []
  const rotate = () => issuers.unshift(makeIssuer('ES256', `key-${issuers.length}`))
  rotate()
  const keys = jwks(`${issuer}/jwks.json`, {
    clock: () => now,
    cooldownSeconds,
    fetch: async () => {
      fetches++
      return Response.json({ keys: issuers.slice(0, 2).map(({ jwk }) => jwk) })
    },
  })
  const auth = authentication({ api: jwt({ issuer, audience, profile: 'any', keys }) }, { clock: () => now })
  return {
    decide: (token) => auth.require('api').decide(new Source('authorization', `Bearer ${token}`)),
    token: (kid) => (kid === undefined ? issuers[0] : makeIssuer('EdDSA', kid)).token(claimsOf(now)),
    rotate,
    pass: (seconds) => {
      now += seconds
    },
    fetches: () => fetches,
  }
}

/** An hour of requests, 50 at a time, while the issuer takes a new key every six minutes. */
async function rotating() {
  const world = makeWorld(30)
  let token = world.token()
  let unanswered = 0
  for (let done = 0; done < REQUESTS; done += PARALLEL) {
    if (done > 0 && done % (REQUESTS / ROTATIONS) === 0) {
      world.rotate()
      token = world.token()
    }
    const outcomes = await Promise.all(Array.from({ length: PARALLEL }, () => world.decide(token)))
    unanswered += outcomes.filter(({ kind }) => kind !== 'authenticated').length
    world.pass((3600 * PARALLEL) / REQUESTS)
  }
  return { fetches: world.fetches(), unanswered, rotations: ROTATIONS - 1 }
}

/** The same hour, but each token names a key that nobody has. */
async function madeUp() {
  const world = makeWorld(30)
  await world.decide(world.token())
  const template = world.token('nobody')
  let accepted = 0
  for (let done = 0; done < REQUESTS; done += PARALLEL) {
    const outcomes = await Promise.all(
      Array.from({ length: PARALLEL }, (_, index) => world.decide(renamed(template, done + index))),
    )
    accepted += outcomes.filter(({ kind }) => kind !== 'rejected').length
    world.pass((3600 * PARALLEL) / REQUESTS)
  }
  return { fetches: world.fetches(), accepted }
}

/** The token under another key's name; its signature is right for none. */
function renamed(token, index) {
  const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'JWT', kid: `made-up-${index}` }))
  return `${header.toString('base64url')}${token.slice(token.indexOf('.'))}`
}

/** How often 10,000 requests in an hour make the service fetch the keys of an issuer. */
export async function measureRotation() {
  return { requests: REQUESTS, rotating: await rotating(), madeUp: await madeUp() }
}
