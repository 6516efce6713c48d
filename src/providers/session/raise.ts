import { sha256 } from '#crypto'
import { chain } from '../../core/awaitable.ts'
import type { RequiredAuthentication } from '../../core/checks.ts'
import { type LoginChallenge, loginRaise } from '../../core/login-challenge.ts'
import type { RaiseFunction } from '../../core/provider.ts'
import type { Errand } from '../../sessions/types.ts'
import { encodeBase64Url } from '../../wire/base64.ts'

/** For how long an errand is remembered. */
const ERRAND_SECONDS = 600
/** Nobody logs in this fast: who is back so soon was sent back by the login page itself. */
const AT_ONCE_SECONDS = 10
const TEXT = /^(\d{1,12})\.([\w-]{16})$/

/**
 * Sends people to log in once more by the challenge of the session. Who comes back from this very errand without having
 * met the demand is not sent again, so that nobody goes round in circles.
 */
export function raiseBy(challenge: LoginChallenge, errand: Errand | undefined): RaiseFunction | undefined {
  const send = loginRaise(challenge)
  if (send === undefined) return undefined
  return (demand, context, { claims }) => {
    const answer = send(demand, context)
    if (answer?.redirect === undefined || errand === undefined) return answer
    return chain(nameOf(demand), (name) => {
      const now = Math.floor(context.now())
      const sentAt = sentFor(name, errand.read(context.request))
      if (sentAt !== undefined && isBack(sentAt, claims?.auth_time, now)) return { headers: errand.deletion }
      return { ...answer, headers: [errand.write(`${now}.${name}`, ERRAND_SECONDS)] }
    })
  }
}

/** When the browser was sent for this demand; what a browser says of it harms nobody but itself. */
function sentFor(name: string, texts: readonly string[]): number | undefined {
  const [, time, sentName] = TEXT.exec(texts[0] ?? '') ?? []
  return texts.length === 1 && sentName === name ? Number(time) : undefined
}

function isBack(sentAt: number, authTime: unknown, now: number): boolean {
  const age = now - sentAt
  if (age < 0 || age > ERRAND_SECONDS) return false
  return age < AT_ONCE_SECONDS || (typeof authTime === 'number' && authTime > sentAt)
}

function nameOf({ acrValues, maxAgeSeconds, amr }: RequiredAuthentication) {
  const text = JSON.stringify([acrValues ?? null, maxAgeSeconds ?? null, amr ?? null])
  return chain(sha256(text), (hash) => encodeBase64Url(hash).slice(0, 16))
}
