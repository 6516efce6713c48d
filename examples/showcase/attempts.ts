/** What a button of the page sends. */
export interface Attempt {
  readonly label: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

const formType = 'application/x-www-form-urlencoded'

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

function withPassword(label: string, credential: string, charset: 'utf8' | 'latin1' = 'utf8') {
  const octets = Buffer.from(credential, charset)
  return { label, headers: { Authorization: `Basic ${octets.toString('base64')}` } }
}
