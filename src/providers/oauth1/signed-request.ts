import { BodyConsumed } from '../../core/body-consumed.ts'
import { AuthenticationError, type AuthenticationFailedCause, InvalidCredentials, isCause } from '../../core/cause.ts'
import type { BodyReading, RequestView } from '../../core/request.ts'
import { hasScheme, isAmongSeveral } from '../../wire/authorization.ts'
import { parseForm } from '../../wire/form.ts'
import { parseMediaType } from '../../wire/media-type.ts'
import { type Oauth1Pair, parseOauth1Credentials, signatureBaseString } from '../../wire/oauth1.ts'
import { decodeUtf8 } from '../../wire/text.ts'

/** A place of the protocol parameters in a request: the `Authorization` field, a form in the body, the query of the URL. */
export type Oauth1Place = 'header' | 'form' | 'query'

/** A signed request, as it came. */
export interface ReadRequest {
  readonly place: Oauth1Place
  /** The protocol parameters by name: each begins with `oauth_`. */
  readonly protocol: ReadonlyMap<string, string>
  readonly baseString: string
}

/** Where to look, and how far. */
export interface ReadingSettings {
  readonly places: ReadonlySet<Oauth1Place>
  readonly limitBytes: number
}

const PREFIX = 'oauth_'

export function malformedRequest(detail: string): InvalidCredentials {
  return new InvalidCredentials('malformed-request', { detail })
}

const badField = malformedRequest('the field is not one list of OAuth parameters')
const badQuery = malformedRequest('the query of the URL is not well encoded')
const badForm = malformedRequest('the form in the body is not well encoded')
const twice = malformedRequest('a protocol parameter comes twice')
const twoPlaces = malformedRequest('protocol parameters come in more than one place')
const tooLarge = new InvalidCredentials('too-large')

type Pairs = readonly Oauth1Pair[]

/** Reads the parameters of a request that is signed; `undefined` when it is not, a cause when it cannot be read. */
export async function readSignedRequest(
  request: RequestView,
  { places, limitBytes }: ReadingSettings,
): Promise<ReadRequest | AuthenticationFailedCause | undefined> {
  const field = request.header('authorization')
  const header = field === undefined || !places.has('header') ? undefined : readField(field)
  if (header instanceof InvalidCredentials) return header
  const url = request.url.href
  const query = parseForm(request.url.search.slice(1))
  if (query === undefined) return header === undefined ? undefined : badQuery
  const isQuery = header === undefined && places.has('query') && isSigned(query)
  if (header === undefined && !isQuery && !places.has('form')) return undefined
  const form = await readForm(request, limitBytes)
  // A form that nobody can read was not signed, where nothing else says that it was.
  if (isCause(form)) return form === badForm && header === undefined && !isQuery ? undefined : form
  const place = header !== undefined ? 'header' : isQuery ? 'query' : isSigned(form) ? 'form' : undefined
  if (place === undefined) return undefined
  const byPlace: Readonly<Record<Oauth1Place, Pairs>> = { header: header ?? [], query, form }
  const protocol = protocolOf(byPlace, place)
  if (protocol instanceof InvalidCredentials) return protocol
  const baseString = signatureBaseString({ method: request.method, url, parameters: [...byPlace.header, ...form] })
  return baseString === undefined ? badQuery : { place, protocol, baseString }
}

/** `undefined` for another scheme. */
function readField(value: string): Pairs | InvalidCredentials | undefined {
  if (!hasScheme(value, 'oauth')) return isAmongSeveral(value, 'oauth') ? badField : undefined
  return parseOauth1Credentials(value)?.parameters ?? badField
}

function isSigned(pairs: Pairs): boolean {
  return pairs.some(([name]) => name === 'oauth_signature')
}

/** RFC 5849, sections 3.2 and 3.5: each at most once, and all in one place. */
function protocolOf(
  byPlace: Readonly<Record<Oauth1Place, Pairs>>,
  place: Oauth1Place,
): ReadonlyMap<string, string> | InvalidCredentials {
  const protocol = new Map<string, string>()
  for (const at of ['header', 'form', 'query'] as const) {
    for (const [name, value] of byPlace[at]) {
      if (!name.startsWith(PREFIX)) continue
      if (at !== place) return twoPlaces
      if (protocol.has(name)) return twice
      protocol.set(name, value)
    }
  }
  return protocol
}

/** RFC 5849, section 3.4.1.3.1: only a body that is one form is signed. */
async function readForm(request: RequestView, limitBytes: number): Promise<Pairs | AuthenticationFailedCause> {
  const type = parseMediaType(request.header('content-type') ?? '')
  if (type?.essence !== 'application/x-www-form-urlencoded') return []
  const body = await request.body(limitBytes).catch(eaten)
  switch (body.kind) {
    case 'none':
      return []
    case 'too-large':
      return tooLarge
    case 'parsed':
      return new AuthenticationError(
        'oauth1Signature(): a signed form is needed as it came: mount becauth before the body parser',
        { code: 'body-parsed', retryable: false },
      )
    case 'bytes': {
      const text = decodeUtf8(body.bytes)
      return (text === undefined ? undefined : parseForm(text)) ?? badForm
    }
  }
}

/** A body of which nothing is left is as good as parsed; whatever else went wrong may go right the next time. */
function eaten(thrown: unknown): BodyReading {
  if (thrown instanceof BodyConsumed) return { kind: 'parsed', value: undefined }
  throw thrown
}
