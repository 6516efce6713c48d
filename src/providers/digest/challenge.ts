import type { Challenge } from '../../wire/challenges.ts'
import type { DigestAlgorithm } from './algorithms.ts'
import type { DigestQop } from './credential.ts'

export interface ChallengeOptions {
  readonly realm: string
  readonly algorithms: readonly DigestAlgorithm[]
  readonly qop: readonly DigestQop[]
  readonly opaque: string | undefined
  readonly domain: readonly string[]
  readonly userhash: boolean
}

type Parameters = readonly (readonly [name: string, value: string])[]

/**
 * Makes the function that writes challenges around a nonce: one for each algorithm, in the order of the options, which is
 * the order of preference (RFC 7616, section 3.7).
 */
export function challengeWriter(options: ChallengeOptions): (nonce: string, stale: boolean) => readonly Challenge[] {
  const constant = options.algorithms.map((algorithm) => parametersOf(algorithm, options))
  return (nonce, stale) =>
    constant.map((parameters) => ({ scheme: 'Digest', parameters: [...parameters, ...changing(nonce, stale)] }))
}

function parametersOf(algorithm: DigestAlgorithm, options: ChallengeOptions): Parameters {
  const { realm, qop, opaque, domain, userhash } = options
  const parameters: [name: string, value: string][] = [
    ['realm', realm],
    // Without a space: python-requests looks for "auth" between commas alone.
    ['qop', qop.join(',')],
    ['algorithm', algorithm],
    ['charset', 'UTF-8'],
  ]
  if (userhash) parameters.push(['userhash', 'true'])
  if (domain.length > 0) parameters.push(['domain', domain.join(' ')])
  if (opaque !== undefined) parameters.push(['opaque', opaque])
  return parameters
}

function changing(nonce: string, stale: boolean): Parameters {
  return stale
    ? [
        ['nonce', nonce],
        ['stale', 'true'],
      ]
    : [['nonce', nonce]]
}
