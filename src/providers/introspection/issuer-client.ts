import {
  allowInsecureRequests,
  type ClientAuth,
  type ClientMetadata,
  Configuration,
  clockSkew,
  clockTolerance,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  type ServerMetadata,
  tokenIntrospection,
} from 'openid-client'
import { AuthenticationError } from '../../core/cause.ts'
import type { AuthenticationContext } from '../../core/provider.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../wire/json.ts'
import { type Guards, guardedFetch } from './guarded-fetch.ts'
import { failure } from './refusals.ts'

/** How an issuer is asked. */
export interface IssuerClientSettings {
  readonly issuer: string
  /** `undefined` where the issuer's metadata says it. */
  readonly endpoint: string | undefined
  readonly jwksUri: string | undefined
  readonly clientId: string
  readonly clientAuth: ClientAuth
  readonly signedAnswers: string | undefined
  readonly allowHttp: Guards['allowHttp']
  readonly timeoutSeconds: number
  readonly toleranceSeconds: number
}

interface Located {
  readonly configuration: Configuration
  readonly readAt: number
}

const METADATA_SECONDS = 3600

/** Asks one issuer about tokens, by openid-client. */
export class IssuerClient {
  readonly #settings: IssuerClientSettings
  readonly #guarded: (context: AuthenticationContext) => ReturnType<typeof guardedFetch>
  #located: Located | undefined
  #locating: Promise<Located> | undefined

  constructor(settings: IssuerClientSettings) {
    const { allowHttp, signedAnswers } = settings
    this.#settings = settings
    this.#guarded = ({ fetch }) => guardedFetch({ fetch, allowHttp, signed: signedAnswers !== undefined })
  }

  /**
   * Answers what the issuer says of a token, believed only as far as its signature goes where it must have one.
   *
   * @throws AuthenticationError whatever goes wrong, within the time that is allowed.
   */
  async introspect(token: string, context: AuthenticationContext): Promise<JsonObject> {
    const { timeoutSeconds } = this.#settings
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      const late = new Promise<never>((_resolve, reject) => {
        const message = `no answer within ${timeoutSeconds} seconds`
        timer = setTimeout(() => reject(failure('timeout', message)), timeoutSeconds * 1000)
      })
      // A `fetch` of somebody's own may not heed the signal.
      return await Promise.race([this.#ask(token, context), late])
    } catch (error) {
      throw failureOf(error)
    } finally {
      clearTimeout(timer)
    }
  }

  async #ask(token: string, context: AuthenticationContext): Promise<JsonObject> {
    const { configuration } = await this.#locate(context)
    try {
      const answer: unknown = await tokenIntrospection(configuration, token, { token_type_hint: 'access_token' })
      if (isAnswer(answer)) return answer
      throw failure('malformed', 'the answer is no JSON object')
    } catch (error) {
      const cause = failureOf(error)
      // An endpoint that has moved is found by the metadata.
      if (cause.code === 'introspection-status-404' || cause.code === 'introspection-status-410') {
        this.#located = undefined
      }
      throw cause
    }
  }

  async #locate(context: AuthenticationContext): Promise<Located> {
    const { endpoint } = this.#settings
    const known = this.#located
    const age = context.now() - (known?.readAt ?? Number.NEGATIVE_INFINITY)
    if (known !== undefined && (endpoint !== undefined || (age >= 0 && age < METADATA_SECONDS))) return known
    this.#locating ??= this.#read(endpoint, context)
    try {
      this.#located = await this.#locating
      return this.#located
    } catch (error) {
      // Metadata seldom changes, so that what was read before is still the best that is known.
      if (known !== undefined) return known
      throw error
    } finally {
      this.#locating = undefined
    }
  }

  async #read(endpoint: string | undefined, context: AuthenticationContext): Promise<Located> {
    const configuration = endpoint === undefined ? await this.#discover(context) : this.#given(endpoint, context)
    return { configuration, readAt: context.now() }
  }

  #given(endpoint: string, context: AuthenticationContext): Configuration {
    const { issuer, jwksUri, clientId, clientAuth } = this.#settings
    const server: ServerMetadata = {
      issuer,
      introspection_endpoint: endpoint,
      ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri }),
    }
    const configuration = new Configuration(server, clientId, this.#metadata(context), clientAuth)
    configuration[customFetch] = this.#guarded(context)
    configuration.timeout = this.#wholeSeconds
    for (const extend of this.#extensions) extend(configuration)
    return configuration
  }

  async #discover(context: AuthenticationContext): Promise<Configuration> {
    const first = await this.#discoverBy('oidc', context).catch(failureOf)
    if (first instanceof Configuration) return first
    if (!isElsewhere(first)) throw first
    const second = await this.#discoverBy('oauth2', context).catch(failureOf)
    if (second instanceof Configuration) return second
    throw isElsewhere(second) ? first : second
  }

  async #discoverBy(algorithm: 'oidc' | 'oauth2', context: AuthenticationContext): Promise<Configuration> {
    const { issuer, clientId, clientAuth } = this.#settings
    const configuration = await discovery(new URL(issuer), clientId, this.#metadata(context), clientAuth, {
      algorithm,
      execute: [...this.#extensions],
      timeout: this.#wholeSeconds,
      [customFetch]: this.#guarded(context),
    })
    const metadata = configuration.serverMetadata()
    // openid-client takes "https://a" for "https://a/".
    if (metadata.issuer !== issuer) throw failure('wrong-issuer', 'the metadata is that of another issuer')
    if (metadata.introspection_endpoint === undefined) {
      throw failure('malformed', 'the metadata names no "introspection_endpoint"')
    }
    return configuration
  }

  /** What openid-client knows as the time is the system's clock; the difference makes it the engine's. */
  #metadata(context: AuthenticationContext): Partial<ClientMetadata> {
    const { signedAnswers, toleranceSeconds } = this.#settings
    return {
      [clockSkew]: Math.round(context.now() - Date.now() / 1000),
      [clockTolerance]: toleranceSeconds,
      ...(signedAnswers === undefined ? {} : { introspection_signed_response_alg: signedAnswers }),
    }
  }

  get #extensions(): readonly ((configuration: Configuration) => void)[] {
    const { allowHttp, signedAnswers } = this.#settings
    return [
      // It knows no loopback; the guarded fetch does.
      ...(allowHttp === 'never' ? [] : [allowInsecureRequests]),
      // Without it, openid-client reads signed answers and leaves their signature unread.
      ...(signedAnswers === undefined ? [] : [enableNonRepudiationChecks]),
    ]
  }

  get #wholeSeconds(): number {
    return Math.ceil(this.#settings.timeoutSeconds)
  }
}

function isAnswer(answer: unknown): answer is JsonObject {
  // The guarded fetch lets only JSON through, of which this is a part.
  return typeof answer === 'object' && isJsonObject(answer as JsonValue)
}

/** Whether an answer says that there is no such document: a 4xx, or the page that a site shows for every path. */
function isElsewhere({ code }: AuthenticationError): boolean {
  return /^introspection-(?:status-4\d\d|malformed)$/.test(code)
}

/** What was thrown, or what openid-client made of it, as a cause. */
function failureOf(error: unknown): AuthenticationError {
  if (error instanceof AuthenticationError) return error
  if (error instanceof Error && error.cause instanceof AuthenticationError) return error.cause
  return failure('invalid', "the issuer's answer is refused", error)
}
