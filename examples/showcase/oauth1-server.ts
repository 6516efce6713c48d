// A server of OAuth 1.0a: it gives temporary credentials, asks people, and gives tokens (RFC 5849, section 2).
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { authentication } from 'becauth'
import { randomToken } from 'becauth/crypto'
import { protect } from 'becauth/node'
import { type Oauth1Consumer, type Oauth1Token, oauth1Signature } from 'becauth/oauth1'
import { readParameters } from './body.ts'
import { escapeHtml, guestHeaders, page, sendHtml } from './html.ts'

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
  /** Seconds since 1970. Default: the system's clock. */
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

const temporarySeconds = 600
/** Each kind of credentials; the oldest go. */
const most = 1000
const form = 'application/x-www-form-urlencoded'

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
    const [token, secret] = [randomToken(), randomToken()]
    keep(temporary, token, { consumerKey, secret, expiresAt: clock() + temporarySeconds })
    sendForm(res, { oauth_token: token, oauth_token_secret: secret, oauth_callback_confirmed: 'true' })
  })
  const giveAccess = protect(
    auth.require('temporary'),
    (_req, res, { principal: { consumerKey, token: used, user } }) => {
      // Two requests with one verifier: the first has taken it.
      if (!temporary.delete(used)) return send(res, 401, 'text/plain', 'used')
      const [token, secret] = [randomToken(), randomToken()]
      keep(access, token, { consumerKey, secret, user })
      sendForm(res, { oauth_token: token, oauth_token_secret: secret, user_name: user })
    },
  )
  const showMe = protect(auth.require('access'), (_req, res, { principal: { user } }) =>
    send(res, 200, 'application/json', JSON.stringify({ name: user })),
  )

  function ask(res: ServerResponse, application: Application, token: string, isWrong: boolean): void {
    const home = new URL(application.callbackUrl).origin
    sendHtml(res, questionPage(application, token, home, isWrong), {
      status: isWrong ? 401 : 200,
      headers: { ...guestHeaders(home), 'Cache-Control': 'no-store' },
    })
  }

  async function judge(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const fields = await readParameters(req)
    const token = fields?.get('oauth_token') ?? ''
    const found = live(token)
    const application = consumers(found?.consumerKey ?? '')
    if (found === undefined || application === null) return send(res, 400, 'text/plain', 'unknown token')
    const back = new URL(application.callbackUrl)
    if (fields?.get('decision') !== 'allow') {
      temporary.delete(token)
      back.searchParams.set('denied', token)
      return redirect(res, back)
    }
    const user = fields.get('user') ?? ''
    if (!(await isPerson(user, fields.get('password') ?? ''))) return ask(res, application, token, true)
    const verifier = randomToken()
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
        return ask(res, application, token, false)
      }
      case 'POST /oauth/authorize':
        return judge(req, res).catch(() => send(res, 400, 'text/plain', 'malformed'))
      default:
        return send(res, 404, 'text/plain', 'not found')
    }
  }
}

/** Nothing in it comes from the request but the token, which was looked up and is base64url. */
function questionPage({ name }: Application, token: string, home: string, isWrong: boolean): string {
  return page(
    `Allow ${name} to know your name?`,
    `${isWrong ? '<p class="bad" role="alert">Name or password is wrong.</p>' : ''}
  <form class="login" method="post" action="/oauth/authorize">
    <input type="hidden" name="oauth_token" value="${token}">
    <label>Name <input name="user" autocomplete="username" autocapitalize="none" autofocus></label>
    <label>Password <input name="password" type="password" autocomplete="current-password"></label>
    <button name="decision" value="allow">Allow</button>
    <button name="decision" value="deny">Deny</button>
  </form>
  <p class="hint">This is a server of OAuth 1.0a. It never tells ${escapeHtml(name)} your password.</p>`,
    home,
  )
}

function keep<T>(credentials: Map<string, T>, token: string, value: T): void {
  const [oldest] = credentials.keys()
  if (credentials.size >= most && oldest !== undefined) credentials.delete(oldest)
  credentials.set(token, value)
}

function sendForm(res: ServerResponse, parameters: Readonly<Record<string, string>>): void {
  send(res, 200, form, new URLSearchParams(parameters).toString())
}

function redirect(res: ServerResponse, { href }: URL): void {
  res.writeHead(303, { Location: href, 'Cache-Control': 'no-store', 'Content-Length': 0 }).end()
}

function send(res: ServerResponse, status: number, type: string, body: string): void {
  const fields = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), 'Cache-Control': 'no-store' }
  res.writeHead(status, fields).end(body)
}
