import type { AuthenticationContext } from '../../core/provider.ts'
import { parseForm } from '../../wire/form.ts'
import type { Oauth1Pair } from '../../wire/oauth1.ts'
import { decodeUtf8 } from '../../wire/text.ts'
import type { ClientSettings } from './client-options.ts'
import { Oauth1AnswerError, Oauth1RefusedError, Oauth1UnavailableError } from './errors.ts'
import { oauth1Authorization } from './sign.ts'

/** Credentials as a server answers them: a token, its secret, and whatever else it says. */
export interface Answered {
  readonly token: string
  readonly tokenSecret: string
  /** Every other parameter; of one that comes twice the first. */
  readonly parameters: Readonly<Record<string, string>>
}

/** What is asked for. */
export interface Question {
  readonly url: string
  readonly token?: { readonly token: string; readonly tokenSecret: string } | undefined
  readonly parameters: readonly Oauth1Pair[]
}

const MAXIMUM_BYTES = 65_536

/**
 * Asks a server for credentials: a signed POST without a body, no redirect followed, a deadline, 64 KiB at most.
 *
 * @throws AuthenticationError when there are none, whatever goes wrong.
 * @see RFC 5849, sections 2.1 and 2.3
 */
export async function askForCredentials(
  { url, token, parameters }: Question,
  settings: ClientSettings,
  context: AuthenticationContext,
): Promise<Answered> {
  const { consumer, realm, timeoutSeconds } = settings
  const authorization = await oauth1Authorization({ method: 'POST', url }, consumer, {
    token,
    parameters,
    realm,
    now: () => context.now(),
    random: (bytes) => context.random(bytes),
  })
  const fetch = settings.fetch ?? context.fetch
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutSeconds * 1000)])
  const headers = { authorization, accept: 'application/x-www-form-urlencoded, */*;q=0.1' }
  const response = await fetch(url, { method: 'POST', headers, redirect: 'manual', signal }).catch((error: unknown) => {
    throw new Oauth1UnavailableError('the server does not answer', error)
  })
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => {})
    if (response.status >= 400 && response.status < 500 && response.status !== 429) {
      throw new Oauth1RefusedError(response.status)
    }
    throw new Oauth1UnavailableError('the server answers with a status other than 200')
  }
  return credentialsIn(await readText(response))
}

function credentialsIn(text: string): Answered {
  const pairs = parseForm(text)
  if (pairs === undefined) throw malformed()
  const parameters = new Map<string, string>()
  for (const [name, value] of pairs) {
    // Two tokens in one answer are nobody's.
    if (parameters.has(name) && name.startsWith('oauth_')) throw malformed()
    if (!parameters.has(name)) parameters.set(name, value)
  }
  const token = parameters.get('oauth_token') ?? ''
  const tokenSecret = parameters.get('oauth_token_secret')
  if (token === '' || tokenSecret === undefined) throw malformed()
  parameters.delete('oauth_token')
  parameters.delete('oauth_token_secret')
  return { token, tokenSecret, parameters: Object.fromEntries(parameters) }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader()
  for (;;) {
    const read = await reader?.read().catch((error: unknown) => {
      throw new Oauth1UnavailableError("the server's answer breaks off", error)
    })
    if (read?.value === undefined) break
    length += read.value.length
    if (length > MAXIMUM_BYTES) {
      await reader?.cancel().catch(() => {})
      throw new Oauth1UnavailableError(`the server's answer has more than ${MAXIMUM_BYTES} octets`)
    }
    chunks.push(read.value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  const text = decodeUtf8(bytes)
  if (text === undefined) throw malformed()
  return text
}

function malformed(): Oauth1AnswerError {
  return new Oauth1AnswerError('malformed', 'the server answers with something that is no token and its secret')
}
