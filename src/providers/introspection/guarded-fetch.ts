import type { CustomFetch } from 'openid-client'
import { limitedText } from '../../keys/limited-text.ts'
import { trustedUrl } from '../../keys/options.ts'
import { type JsonObject, parseJsonObject } from '../../wire/json.ts'
import { parseCompactJws, parseJsonSegment } from '../../wire/jws.ts'
import { parseMediaType } from '../../wire/media-type.ts'
import { failure } from './refusals.ts'

/** What is asked of what the issuer sends. */
export interface Guards {
  readonly fetch: typeof globalThis.fetch
  /** Whether `http:` is allowed, which is then to this machine only, unless it is allowed to any. */
  readonly allowHttp: 'never' | 'loopback' | 'anywhere'
  /** Whether answers about tokens must be signed. */
  readonly signed: boolean
}

/** Answers say a few things about one token; sets of keys with certificate chains have some tens of kilobytes. */
const MAXIMUM_ANSWER_BYTES = 65_536
const MAXIMUM_DOCUMENT_BYTES = 524_288

const SIGNED_ANSWER = 'application/token-introspection+jwt'

/** An issuer's answer that says that it is not asked about such tokens: nobody sends one of its own. */
const notAsked = '{"active":false}'

/**
 * Makes the `fetch` that openid-client uses: it follows no redirect, reads no more than is reasonable, and lets through only
 * what every reader understands alike.
 *
 * Whatever else comes is an `Error` with a code that begins with `introspection-`.
 */
export function guardedFetch({ fetch, allowHttp, signed }: Guards): CustomFetch {
  return async (href, { method, headers, body, signal }) => {
    const url = trustedUrl(href, allowHttp === 'anywhere')
    if (typeof url === 'string') throw failure('untrusted-url', `a URL of the issuer's ${url}`)
    if (url.protocol === 'http:' && allowHttp === 'never') {
      throw failure('untrusted-url', 'a URL of the issuer\'s is "http:", and that of the issuer is not')
    }
    const isQuestion = method === 'POST'
    const abort = signal ?? new AbortController().signal
    const response = await fetch(url.href, {
      method,
      headers,
      redirect: 'manual',
      signal: abort,
      ...(body instanceof URLSearchParams ? { body } : {}),
    }).catch((error: unknown) => {
      throw failure('unreachable', 'the issuer does not answer', error)
    })
    // Browsers hide a redirect behind this type and the status 0.
    if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
      throw failure('redirect', 'the issuer answers with a redirect, which is not followed')
    }
    const text = await limitedText(response, isQuestion ? MAXIMUM_ANSWER_BYTES : MAXIMUM_DOCUMENT_BYTES, abort, failure)
    if (isQuestion && response.status === 400 && parseJsonObject(text)?.error === 'unsupported_token_type') {
      return json(notAsked)
    }
    if (response.status !== 200)
      throw failure(`status-${response.status}`, 'the issuer answers with a status other than 200')
    if (isQuestion && essenceOf(response) === SIGNED_ANSWER) return signedAnswer(text, signed)
    if (isQuestion && signed)
      throw failure('unsigned', 'the issuer\'s answer is not signed, and "signedAnswers" wants it')
    if (parseJsonObject(text) === undefined) throw failure('malformed', 'the issuer answers with no JSON object')
    return json(text)
  }
}

/** openid-client asks whether the signature is right; that the text has one meaning only is asked here. */
function signedAnswer(text: string, signed: boolean): Response {
  if (!signed) throw failure('unexpected', 'the issuer\'s answer is signed; name the algorithm in "signedAnswers"')
  const jws = parseCompactJws(text, MAXIMUM_ANSWER_BYTES)
  if (typeof jws === 'string') throw failure('malformed', 'the signed answer is no signed JWT')
  const payload: JsonObject | undefined = parseJsonSegment(jws.payload)
  if (payload === undefined) throw failure('malformed', 'the signed answer has a payload that is no JSON object')
  return new Response(text, { headers: { 'content-type': SIGNED_ANSWER } })
}

function json(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } })
}

function essenceOf(response: Response): string | undefined {
  return parseMediaType(response.headers.get('content-type') ?? '')?.essence
}
