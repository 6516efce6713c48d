/** What a button of the page sends. */
export interface Attempt {
  readonly label: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** The page asks for a challenge and answers it. */
  readonly digest?: DigestLogin
  /** The page gets a token for somebody first, and shows it. */
  readonly token?: TokenLogin
  /** How many of these are sent; the last one's answer is shown. Default: one. */
  readonly times?: number
}

/** What the page computes a Digest response from. */
interface DigestLogin {
  readonly username: string
  readonly password: string
  /** The target that is signed. Default: the one that is asked for. */
  readonly uri?: string
  /** The body that is signed, where it is another one than is sent. */
  readonly signedBody?: string
  /** The nonce that is used. Default: the challenge's. */
  readonly nonce?: string
  /** The same header is sent twice, and the second answer shown. */
  readonly again?: true
}

/** Whose token the page gets, and what for. */
export interface TokenLogin {
  readonly username: string
  readonly password: string
  /** For which resource it is. Default: the showcase. */
  readonly resource?: string
  /**
   * Has the token bound to a key: with a proof, with one that was used before, or without one, as a thief would show it.
   * Default: a token for whoever has it.
   */
  readonly dpop?: 'proof' | 'twice' | 'stolen'
}

const formType = 'application/x-www-form-urlencoded'

export const none: readonly Attempt[] = []
export const nothing: Attempt = { label: 'nothing', headers: {} }

export const ada = withPassword('ada', 'ada:lovelace')
export const alan = withPassword('alan', 'alan:enigma')
export const utf8Grace = withPassword('grace in UTF-8', 'grace:hopper£ü')
export const latin1Grace = withPassword('grace in Latin-1', 'grace:hopper£ü', 'latin1')
export const wrongPassword = withPassword('wrong password', 'ada:byron')
export const basic: readonly Attempt[] = [
  ada,
  utf8Grace,
  latin1Grace,
  wrongPassword,
  withPassword('unknown name', 'eve:enigma'),
  { label: 'malformed', headers: { Authorization: 'Basic %%%' } },
]

export const adaToken: Attempt = { label: 'ada’s token', headers: { Authorization: 'Bearer ada-token' } }
export const bearer: readonly Attempt[] = [
  adaToken,
  { label: 'wrong token', headers: { Authorization: 'Bearer eve-token' } },
  { label: 'malformed', headers: { Authorization: 'Bearer two words' } },
  { ...ada, label: 'another scheme' },
]

export const adaKey: Attempt = { label: 'ada’s key', headers: { 'X-Api-Key': 'ada-key' } }
export const apiKey: readonly Attempt[] = [
  adaKey,
  { label: 'wrong key', headers: { 'X-Api-Key': 'eve-key' } },
  { label: 'key twice', headers: { 'X-Api-Key': 'ada-key, ada-key' } },
]

export const keyAndPassword: Attempt = { label: 'both', headers: { ...adaKey.headers, ...alan.headers } }

export const form: readonly Attempt[] = [
  { label: 'ada as a form', headers: { 'Content-Type': formType }, body: 'user=ada&password=lovelace' },
  {
    label: 'ada as JSON',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ user: 'ada', password: 'lovelace' }),
  },
  { label: 'wrong password', headers: { 'Content-Type': formType }, body: 'user=ada&password=byron' },
  { label: 'malformed', headers: { 'Content-Type': 'application/json' }, body: '{"user":' },
  nothing,
]

export const wrongLogin: Attempt = {
  label: 'wrong password',
  headers: { 'Content-Type': formType },
  body: 'user=ada&password=byron',
}

export const throttled: readonly Attempt[] = [
  { label: 'ada', headers: { 'Content-Type': formType }, body: 'user=ada&password=lovelace' },
  { label: 'wrong password', headers: { 'Content-Type': formType }, body: 'user=ada&password=byron' },
  { label: 'five wrong ones', headers: { 'Content-Type': formType }, body: 'user=ada&password=byron', times: 5 },
  nothing,
]

const adaLogin: DigestLogin = { username: 'ada', password: 'lovelace' }
export const digest: readonly Attempt[] = [
  { label: 'ada', headers: {}, digest: adaLogin },
  { label: 'grace', headers: {}, digest: { username: 'grace', password: 'hopper£ü' } },
  { label: 'wrong password', headers: {}, digest: { ...adaLogin, password: 'byron' } },
  { label: 'unknown name', headers: {}, digest: { ...adaLogin, username: 'eve' } },
  { label: 'the same twice', headers: {}, digest: { ...adaLogin, again: true } },
  { label: 'signed for /admin', headers: {}, digest: { ...adaLogin, uri: '/admin' } },
  { label: 'invented nonce', headers: {}, digest: { ...adaLogin, nonce: 'bm9uY2U' } },
  { label: 'malformed', headers: { Authorization: 'Digest username="ada"' } },
  nothing,
]
export const digest512: readonly Attempt[] = [{ label: 'ada by SHA-256', headers: {}, digest: adaLogin }, nothing]
export const digestInt: readonly Attempt[] = [
  { label: 'ada, body signed', headers: {}, body: 'amount=1', digest: adaLogin },
  { label: 'ada, body changed', headers: {}, body: 'amount=1000', digest: { ...adaLogin, signedBody: 'amount=1' } },
  nothing,
]

/** Sends a name and a password, `name:password`, as Basic. */
export function withPassword(label: string, credential: string, charset: 'utf8' | 'latin1' = 'utf8') {
  const octets = Buffer.from(credential, charset)
  return { label, headers: { Authorization: `Basic ${octets.toString('base64')}` } }
}
