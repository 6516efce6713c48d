import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TokenRefused, TokenRevoked, TokensIssued } from 'becauth/issuer'
import { protect } from 'becauth/node'
import { sendOAuthError, sendPrepared } from './answers.ts'
import type { Auth } from './auth.ts'
import { isJson, readFields, readParameters } from './body.ts'
import { clientProofs } from './client-proof.ts'
import type { Live } from './live.ts'
import type { Route } from './routes.ts'
import { scopesFor, type Tokens } from './tokens.ts'

/** Of this service there is one client: whoever asks. */
const clientId = 'showcase'

type Handler = Route['handle']

/** Answers `POST /token`: JSON with a password is a login, a form is a grant of OAuth. */
export function tokenEndpoint(auth: Auth, tokens: Tokens, live: Live): Handler {
  const { issuer, base } = tokens
  const keyOf = clientProofs(`${base}/token`)

  const login = protect(auth.require('password'), async (req, res, { principal }) => {
    const audience = (await readFields(req))?.get('resource') ?? base
    const scopes = scopesFor(principal, audience, tokens)
    if (scopes === undefined) return sendOAuthError(res, 'invalid_target')
    const key = await keyOf(req)
    if (key === 'wrong') return sendOAuthError(res, 'invalid_dpop_proof')
    const issued = await issuer.issue({
      subject: principal.name,
      clientId,
      audience,
      scope: scopes.length === 0 ? undefined : scopes.join(' '),
      authTime: Date.now() / 1000,
      amr: ['pwd'],
      confirmation: key.confirmation,
    })
    sendPrepared(res, issued.response)
  })

  const refuse = (req: IncomingMessage, res: ServerResponse, error: string): void => {
    live.note(req, error)
    sendOAuthError(res, error)
  }

  const grant: Handler = async (req, res) => {
    const parameters = await readParameters(req)
    const type = parameters?.get('grant_type')
    if (type === undefined) return refuse(req, res, 'invalid_request')
    if (type !== 'refresh_token') return refuse(req, res, 'unsupported_grant_type')
    const token = parameters?.get('refresh_token')
    if (token === undefined) return refuse(req, res, 'invalid_request')
    const key = await keyOf(req)
    if (key === 'wrong') return refuse(req, res, 'invalid_dpop_proof')
    const scope = parameters?.get('scope')
    const answer = await issuer.refresh(token, { clientId, scope, confirmation: key.confirmation })
    live.note(req, `refresh token: ${said(answer)}`)
    sendPrepared(res, answer.response)
  }

  return (req, res) => (isForm(req) ? grant(req, res) : login(req, res))
}

/** Answers `POST /revoke`: ends a refresh token, with all that came of it (RFC 7009). */
export function revocationEndpoint({ issuer }: Tokens, live: Live): Handler {
  return async (req, res) => {
    const token = isForm(req) ? (await readParameters(req))?.get('token') : undefined
    if (token === undefined) return sendOAuthError(res, 'invalid_request')
    const answer = await issuer.revoke(token, { clientId })
    live.note(req, `revocation: ${said(answer)}`)
    sendPrepared(res, answer.response)
  }
}

/** A word of becauth's table. */
function said(answer: TokensIssued | TokenRevoked | TokenRefused): string {
  return answer.ok ? 'done' : answer.reason
}

/** Browsers, curl and OAuth's clients name the type of every form they send. */
function isForm(req: IncomingMessage): boolean {
  return req.headers['content-type'] !== undefined && !isJson(req)
}
