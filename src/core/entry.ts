import { type Challenge, formatChallenge } from '../wire/challenges.ts'
import { isPrintableAscii } from '../wire/tokens.ts'
import { AuthenticationFailedCause } from './cause.ts'
import { noStore, problem, varyAccept } from './problem.ts'
import type { AuthenticationProvider, Principal } from './provider.ts'
import type { HeaderField } from './request.ts'
import { failedOnce, failure, type Result } from './result.ts'
import type { Refused } from './who.ts'

/** A challenge ready for the wire, with what merging and ordering ask about. */
export interface RenderedChallenge {
  readonly text: string
  /** The same as a field line. */
  readonly field: HeaderField
  /** Lower case. */
  readonly scheme: string
  readonly realm: string | undefined
  readonly hasError: boolean
}

/** Renders a challenge; a missing realm becomes `realm`. `undefined` when it cannot go on the wire. */
function renderChallenge(challenge: Challenge, realm: string, proxy: boolean): RenderedChallenge | undefined {
  const parameters = challenge.parameters ?? []
  const own = parameters.find(([name]) => name.toLowerCase() === 'realm')
  const complete: Challenge =
    own !== undefined || challenge.token68 !== undefined
      ? challenge
      : { scheme: challenge.scheme, parameters: [['realm', realm], ...parameters] }
  const text = formatChallenge(complete)
  if (text === undefined) return undefined
  return {
    text,
    field: Object.freeze([proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate', text] as const),
    scheme: challenge.scheme.toLowerCase(),
    realm: own?.[1] ?? (challenge.token68 === undefined ? realm : undefined),
    hasError: parameters.some(([name]) => name.toLowerCase() === 'error'),
  }
}

/** A provider under its name in one registry. */
export class Entry {
  readonly name: string
  readonly index: number
  readonly provider: AuthenticationProvider<Principal>
  readonly defaultChallenge: RenderedChallenge
  /** A list of nothing but itself, made once. */
  readonly alone: readonly Entry[] = Object.freeze([this])
  /** What it comes to when its credentials are not in the request: the same every time, so that it is made once. */
  readonly absent: Result
  readonly #rendered = new WeakMap<Challenge, RenderedChallenge>()
  #plain: Refused['response'] | undefined
  #plainPage: Refused['response'] | undefined

  /** @throws TypeError when the name stands for the realm and is not printable US-ASCII. */
  constructor(name: string, index: number, provider: AuthenticationProvider<Principal>) {
    const rendered = renderChallenge(provider.challenge, name, provider.proxy)
    if (rendered === undefined || !isPrintableAscii(name)) {
      throw new TypeError(`authentication(): the name "${name}" must be printable US-ASCII, it stands in challenges`)
    }
    this.name = name
    this.index = index
    this.provider = provider
    this.defaultChallenge = rendered
    this.absent = Object.freeze(failedOnce(Object.freeze(failure(this, name, AuthenticationFailedCause.NoCredentials))))
  }

  /** The 401 of this provider alone, when it says nothing but its default challenge. Frozen, since everybody gets the same. */
  plainRefusal(asPage: boolean): Refused['response'] {
    if (asPage) {
      this.#plainPage ??= this.#plainResponse(true)
      return this.#plainPage
    }
    this.#plain ??= this.#plainResponse(false)
    return this.#plain
  }

  #plainResponse(asPage: boolean): Refused['response'] {
    const { contentType, body } = problem(401, asPage)
    const headers = Object.freeze([this.defaultChallenge.field, noStore, varyAccept, contentType])
    return Object.freeze({ status: 401, headers, body })
  }

  /** Renders a challenge of this provider's; one object is rendered once. */
  render(challenge: Challenge): RenderedChallenge | undefined {
    const known = this.#rendered.get(challenge)
    if (known !== undefined) return known
    try {
      const rendered = renderChallenge(challenge, this.name, this.provider.proxy)
      if (rendered !== undefined) this.#rendered.set(challenge, rendered)
      return rendered
    } catch {
      // Not a challenge at all. The engine reports a fault and sends the default one.
      return undefined
    }
  }
}
