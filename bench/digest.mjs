import { authentication } from 'becauth'
import { digest } from 'becauth/digest'
import { DigestClient, hashed, parametersOf } from './digest-client.mjs'
import { Source } from './source.mjs'

const algorithms = ['MD5', 'SHA-256', 'SHA-512-256', 'MD5-sess', 'SHA-256-sess', 'SHA-512-256-sess']
const [username, password, realm] = ['ada', 'lovelace', 'bench']
const perRound = 10_000
const rounds = 9

/** A service behind one algorithm, and clients for it. */
export function digestService(algorithm, options = {}) {
  const ha1 = hashed(algorithm, `${username}:${realm}:${password}`)
  const provider = digest({
    realm,
    algorithms: [algorithm],
    ha1: ({ username: name }) => (name === username ? ha1 : null),
    ...options,
  })
  const requirement = authentication({ device: provider }).require('device')
  const challenge = () => {
    const { headers } = requirement.decide(new Source('authorization', undefined)).response
    return parametersOf(headers.find(([name]) => name === 'WWW-Authenticate')[1])
  }
  const client = (login = {}) => new DigestClient(challenge(), { uri: '/', username, password, ...login })
  return { requirement, challenge, client, decide: (header) => requirement.decide(new Source('authorization', header)) }
}

/**
 * Microseconds of a decision, accepted and refused, beside one hash of what is hashed last. Each header is made before the
 * clock starts, since it is good once.
 */
export async function measureDigest() {
  return algorithms.map((algorithm) => {
    const { client, decide } = digestService(algorithm)
    const [right, wrong] = [client(), client({ password: 'byron' })]
    const line = right.line()
    const samples = Array.from({ length: rounds }, () => ({
      accepted: timed(
        () => right.header(),
        (header) => decide(header).kind,
        'authenticated',
      ),
      refused: timed(
        () => wrong.header(),
        (header) => decide(header).kind,
        'rejected',
      ),
      hash: timed(
        () => line,
        (text) => hashed(algorithm, text).length,
        hashed(algorithm, line).length,
      ),
    }))
    const median = (name) => medianOf(samples.map((sample) => sample[name]))
    return { algorithm, accepted: median('accepted'), refused: median('refused'), hash: median('hash') }
  })
}

/** Microseconds of one call, of many; throws when one of them answers something else than was expected. */
function timed(prepare, run, expected) {
  const inputs = Array.from({ length: perRound }, prepare)
  let asExpected = 0
  const since = performance.now()
  for (const input of inputs) if (run(input) === expected) asExpected++
  const microseconds = ((performance.now() - since) * 1000) / perRound
  if (asExpected !== perRound) throw new Error(`${perRound - asExpected} of ${perRound} were not ${expected}`)
  return microseconds
}

export function medianOf(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
