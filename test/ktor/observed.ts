import { parseChallenges } from 'becauth/wire'

export type CauseKind = 'NoCredentials' | 'InvalidCredentials' | 'Error'

/** Everything that a case may say about what happened. */
export interface Observed {
  readonly status: number
  /** The principal's name, the principal itself where it has none, `null` where there is nobody. */
  readonly principal: unknown
  readonly body: string
  readonly bodyIsNot: string
  /** The body, parsed. */
  readonly json: unknown
  /** Providers by name, each time that one ran. */
  readonly ran: readonly string[]
  /** Why providers failed, by name. */
  readonly cause: Readonly<Record<string, CauseKind>>
  /** Whose challenges were sent. */
  readonly challengeBy: readonly string[]
  /** One text per field line. */
  readonly wwwAuthenticate: readonly string[]
  readonly location: string
  readonly setsCookie: string
  readonly handlerRan: boolean
  /** The application could not be built. */
  readonly error: 'configuration'
  /** What a unit answered. */
  readonly result: unknown
  readonly credentials: { readonly username: string; readonly password: string }
}

/** What challenges mean, whatever their quoting, so that two texts can be compared. */
export function meaningOf(challenges: readonly string[]): unknown {
  return challenges.map((text) =>
    parseChallenges(text)?.map(({ scheme, token68, parameters }) => ({
      scheme: scheme.toLowerCase(),
      token68,
      parameters: Object.fromEntries(parameters ?? []),
    })),
  )
}
