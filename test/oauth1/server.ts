// A server of OAuth 1.0a: it gives temporary credentials, asks people, and gives tokens (RFC 5849, section 2).
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { protect } from '../../src/adapters/node/node.ts'
import { authentication } from '../../src/core/authentication.ts'
import { type Oauth1Consumer, type Oauth1Token, oauth1Signature } from '../../src/providers/oauth1/oauth1.ts'

/** An application that may ask people for access. */
interface Application extends Oauth1Consumer {
  readonly name: string
  /** The one address that people are sent back to. */
  readonly callbackUrl: string
}

export interface Oauth1ServerOptions {
  /** By consumer key. */
  readonly applications: Readonly<Record<string, Application>>
  /** Tells whether a name and a password are right. */
  readonly isPerson: (name: string, password: string) => boolean | Promise<boolean>
  /** Where the server is, without a path. */
  readonly baseUrl: string
  readonly clock?: (() => number) | undefined
}

/** Temporary credentials, and what somebody said about them. */
interface Temporary extends Oauth1Token {
  readonly consumerKey: string
  readonly expiresAt: number
  readonly allowed?: { readonly user: string; readonly verifier: string }
}

interface Access extends Oauth1Token {
  readonly consumerKey: string
  readonly user: string
}

const TEMPORARY_SECONDS = 600
const MAXIMUM_FORM = 4096

/** Makes the request listener of the server: `/oauth/request_token`, `/oauth/authorize`, `/oauth/access_token`, `/api/me`. */
export function createOauth1Server(options: Oauth1ServerOptions): RequestListener {
  const { applications, baseUrl, isPerson, clock = () => Date.now() / 1000 } = options
  const temporary = new Map<string, Temporary>()
  const access = new Map<string, Access>()
  const consumers = (key: string): Application | null =>
    Object.hasOwn(applications, key) ? (applications[key] ?? null) : null
  const live = (token: string): Temporary | undefined => {
    const found = temporary.get(token)
    return found !== undefined && clock() < found.expiresAt ? found : undefined
  }
  const ownedBy = <T extends Temporary | Access>(found: T | undefined, key: string): T | null =>
    found !== undefined && found.consumerKey === key ? found : null
  const auth = authentication(
    {
      consumer: oauth1Signature({
        consumers,
        realm: 'showcase',
        validate: ({ consumerKey, consumer, token, parameters }) =>
          token === undefined && parameters.get('oauth_callback') === consumer.callbackUrl ? { consumerKey } : null,
      }),
      temporary: oauth1Signature({
        consumers,
        tokens: (token, key) => ownedBy(live(token), key),
        requireToken: true,
        realm: 'showcase',
        validate: ({ consumerKey, token = '', grant, parameters }) => {
          const { allowed } = grant ?? {}
          return allowed !== undefined && parameters.get('oauth_verifier') === allowed.verifier
            ? { consumerKey, token, user: allowed.user }
            : null
        },
      }),
      access: oauth1Signature({
        consumers,
        tokens: (token, key) => ownedBy(access.get(token), key),
        requireToken: true,
        realm: 'showcase',
        validate: ({ grant }) => (grant === undefined ? null : { user: grant.user }),
      }),
    },
    { clock, baseUrl },
  )

  const giveTemporary = protect(auth.require('consumer'), (_req, res, { principal: { consumerKey } }) => {
    const [token, secret] = [newToken(), newToken()]
    temporary.set(token, { consumerKey, secret, expiresAt: clock() + TEMPORARY_SECONDS })
    sendForm(res, { oauth_token: token, oauth_token_secret: secret, oauth_callback_confirmed: 'true' })
  })
  const giveAccess = protect(
    auth.require('temporary'),
    (_req, res, { principal: { consumerKey, token: used, user } }) => {
      // Two requests with one verifier: the first has taken it.
      if (!temporary.delete(used)) return send(res, 401, 'text/plain', 'used')
      const [token, secret] = [newToken(), newToken()]
      access.set(token, { consumerKey, secret, user })
      sendForm(res, { oauth_token: token, oauth_token_secret: secret, user_name: user })
    },
  )
  const showMe = protect(auth.require('access'), (_req, res, { principal: { user } }) =>
    send(res, 200, 'application/json', JSON.stringify({ name: user })),
  )

  async function judge(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await readForm(req))
    const token = form.get('oauth_token') ?? ''
    const found = live(token)
    const application = found === undefined ? null : consumers(found.consumerKey)
    if (found === undefined || application === null) return send(res, 400, 'text/plain', 'unknown token')
    const back = new URL(application.callbackUrl)
    if (form.get('decision') !== 'allow') {
      temporary.delete(token)
      back.searchParams.set('denied', token)
      return redirect(res, back)
    }
    const user = form.get('user') ?? ''
    if (!(await isPerson(user, form.get('password') ?? ''))) {
      return send(res, 401, 'text/html', page(application, token, 'Name or password is wrong.'))
    }
    const verifier = newToken()
    temporary.set(token, { ...found, allowed: { user, verifier } })
    back.searchParams.set('oauth_token', token)
    back.searchParams.set('oauth_verifier', verifier)
    redirect(res, back)
  }

  return (req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', baseUrl)
    switch (`${req.method} ${pathname}`) {
      case 'POST /oauth/request_token':
        return giveTemporary(req, res)
      case 'POST /oauth/access_token':
        return giveAccess(req, res)
      case 'GET /api/me':
        return showMe(req, res)
      case 'GET /oauth/authorize': {
        const token = searchParams.get('oauth_token') ?? ''
        const application = consumers(live(token)?.consumerKey ?? '')
        if (application === null) return send(res, 400, 'text/plain', 'unknown token')
        return send(res, 200, 'text/html', page(application, token, ''))
      }
      case 'POST /oauth/authorize':
        return judge(req, res).catch(() => send(res, 400, 'text/plain', 'malformed'))
      default:
        return send(res, 404, 'text/plain', 'not found')
    }
  }
}

/** Nothing in it comes from the request but the token, which was looked up and is base64url. */
function page({ name }: Application, token: string, problem: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Allow ${name}?</title>
<h1>Allow ${name} to know your name?</h1>
<p>${problem}</p>
<form method="post" action="/oauth/authorize">
<input type="hidden" name="oauth_token" value="${token}">
<label>Name <input name="user" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
</html>
`
}

function newToken(): string {
  return randomBytes(24).toString('base64url')
}

async function readForm(req: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of req.setEncoding('utf8')) {
    text += chunk
    if (text.length > MAXIMUM_FORM) throw new Error('too large')
  }
  return text
}

function sendForm(res: ServerResponse, parameters: Readonly<Record<string, string>>): void {
  send(res, 200, 'application/x-www-form-urlencoded', new URLSearchParams(parameters).toString())
}

function redirect(res: ServerResponse, { href }: URL): void {
  res.writeHead(303, { Location: href, 'Cache-Control': 'no-store' }).end()
}

function send(res: ServerResponse, status: number, type: string, body: string): void {
  res.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body)
}
