// An identity provider of OpenID Connect with the users of the showcase, in memory. It takes a while to load, so that it is
// loaded when somebody first asks.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { type Context, Provider } from 'oidc-provider'
import { readParameters } from './body.ts'
import { guestHeaders, sendHtml } from './html.ts'
import { consentPage, errorPage, loggedOutPage, loginPage, logoutPage } from './identity-provider-pages.ts'
import { personOf, userNamed } from './users.ts'

/** The one application that the identity provider knows. */
export interface Application {
  readonly id: string
  readonly secret: string
  /** Where it is, without a path. */
  readonly home: string
  readonly redirectUri: string
  /** Where a logout at the identity provider leads back to. */
  readonly loggedOutUri: string
  /** Where the identity provider says that somebody has logged out. */
  readonly backChannelUri: string
}

const place = '/interaction/'
const seconds = { session: 86_400, login: 600, code: 60, token: 3600 }

/** Makes the request listener of the identity provider. */
export async function createIdentityProvider(issuer: string, application: Application): Promise<RequestListener> {
  const { home } = application
  const show = (ctx: Context, html: string): void => {
    ctx.type = 'html'
    ctx.set(guestHeaders(home))
    ctx.body = html
  }
  const provider = new Provider(issuer, {
    jwks: { keys: [await newSigningKey()] },
    clients: [metadataOf(application)],
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    claims: { openid: ['sub', 'auth_time', 'amr', 'acr'] },
    findAccount: (_ctx: Context, id: string) =>
      userNamed(id) === null ? undefined : { accountId: id, claims: () => ({ sub: id }) },
    interactions: { url: (_ctx: Context, { uid }: { readonly uid: string }) => place + uid },
    pkce: { required: () => true },
    // Its own dispatcher tells nobody on this machine about a logout.
    fetch: (url: string, { dispatcher, ...request }: RequestInit & { readonly dispatcher?: unknown }) =>
      fetch(url, { ...request, redirect: 'manual' }),
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx: Context, form: string) => show(ctx, logoutPage(form, home)),
        postLogoutSuccessSource: (ctx: Context) => show(ctx, loggedOutPage(home)),
      },
    },
    renderError: (ctx: Context, { error }: { readonly error: string }) => show(ctx, errorPage(error, home)),
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    ttl: {
      AccessToken: seconds.token,
      AuthorizationCode: seconds.code,
      Grant: seconds.session,
      IdToken: seconds.token,
      Interaction: seconds.login,
      Session: seconds.session,
    },
  })
  const answer = provider.callback()
  return (req, res) => {
    if (!req.url?.startsWith(place)) return answer(req, res)
    // Somebody else's question, or one that is over.
    return ask(provider, application, req, res).catch(() => sendPage(res, errorPage('no such login', home), home, 400))
  }
}

/** Asks who somebody is, then whether the application may know it. */
async function ask(
  provider: Provider,
  { id, home }: Application,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { prompt, session } = await provider.interactionDetails(req, res)
  const isLogin = prompt.name === 'login'
  const accountId = session?.accountId ?? ''
  if (req.method !== 'POST') return sendPage(res, isLogin ? loginPage(home) : consentPage(accountId, home), home)
  const fields = await readParameters(req)
  if (fields?.get('decision') !== 'allow') {
    return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'the person said no' })
  }
  if (!isLogin) {
    const grant = new provider.Grant({ accountId, clientId: id })
    grant.addOIDCScope('openid')
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
  }
  const person = personOf(fields.get('user') ?? '', fields.get('password') ?? '')
  if (person === null) return sendPage(res, loginPage(home, true), home, 401)
  const login = { accountId: person.name, amr: ['pwd'], remember: false }
  return provider.interactionFinished(req, res, { login })
}

function sendPage(res: ServerResponse, html: string, home: string, status: number = 200): void {
  sendHtml(res, html, { status, headers: { ...guestHeaders(home), 'Cache-Control': 'no-store' } })
}

function metadataOf({ id, secret, redirectUri, loggedOutUri, backChannelUri }: Application): object {
  return {
    client_id: id,
    client_secret: secret,
    client_name: 'the showcase',
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [loggedOutUri],
    backchannel_logout_uri: backChannelUri,
    backchannel_logout_session_required: true,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
  }
}

/** In a form that only this program sees. */
async function newSigningKey(): Promise<object> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: 'process', alg: 'ES256', use: 'sig' }
}
