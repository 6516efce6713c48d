import { goodForm, goodJson, type RawRequest } from './random-requests.ts'

/** What the showcase must answer to a request, found without becauth: by comparing with the few credentials that are right. */
export type Right =
  | { readonly kind: 'let in'; readonly names: readonly string[] }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'refused' }
  /** Nobody is let in; whether that means 401 or anonymous is not this file's business. */
  | { readonly kind: 'nobody' }
  /** Whoever guesses may have to wait, whether the guess is right or not. */
  | { readonly kind: 'throttled'; readonly names: readonly string[] }
  /** Sent on: logged in, or to the login page. */
  | { readonly kind: 'sent on' }
  /** Nobody has a session, and browsers are sent to the login page. */
  | { readonly kind: 'no session' }
  | { readonly kind: 'status'; readonly status: number }

const refused: Right = { kind: 'refused' }

const latin1Passwords = new Map([
  ['YWRhOmxvdmVsYWNl', 'ada'],
  ['YWxhbjplbmlnbWE=', 'alan'],
  ['Z3JhY2U6aG9wcGVyo/w=', 'grace'],
])
const utf8Passwords = new Map([
  ['YWRhOmxvdmVsYWNl', 'ada'],
  ['YWxhbjplbmlnbWE=', 'alan'],
  ['Z3JhY2U6aG9wcGVywqPDvA==', 'grace'],
])
const forms = new Map([
  ['user=ada&password=lovelace', 'ada'],
  ['user=grace&password=hopper%C2%A3%C3%BC', 'grace'],
])
const objects = new Map([['{"user":"ada","password":"lovelace"}', 'ada']])

/**
 * Says who must be let in.
 *
 * @param digests Digest headers for `GET /digest` that are sent once and right
 */
export function rightAnswer(request: RawRequest, digests: ReadonlyMap<string, string>): Right {
  const { method, path } = request
  const asks = method === 'GET' || method === 'HEAD'
  switch (path) {
    case '/form':
      return method === 'POST' ? letIn(formUser(request)) : { kind: 'status', status: 405 }
    case '/throttled': {
      const name = formUser(request)
      if (method !== 'POST') return { kind: 'status', status: 405 }
      return { kind: 'throttled', names: name === undefined ? [] : [name] }
    }
    case '/digest':
      return asks ? letIn(digests.get(valuesOf(request, 'authorization')[0] ?? '')) : { kind: 'status', status: 405 }
    case '/digest-512':
      return asks ? refused : { kind: 'status', status: 405 }
    case '/digest-int':
      return method === 'POST' ? refused : { kind: 'status', status: 405 }
    case '/htpasswd':
    case '/basic':
    case '/basic-quiet':
      return asks ? letIn(passwordUser(request, utf8Passwords)) : { kind: 'status', status: 405 }
    case '/basic-latin1':
      return asks ? letIn(passwordUser(request, latin1Passwords)) : { kind: 'status', status: 405 }
    case '/bearer':
      return asks ? letIn(tokenUser(request)) : { kind: 'status', status: 405 }
    case '/api-key':
      return asks ? letIn(keyUser(request)) : { kind: 'status', status: 405 }
    case '/any':
      return asks
        ? letIn(passwordUser(request, utf8Passwords) ?? tokenUser(request) ?? keyUser(request))
        : { kind: 'status', status: 405 }
    case '/all':
      return asks ? both(keyUser(request), passwordUser(request, utf8Passwords)) : { kind: 'status', status: 405 }
    case '/optional':
      return asks ? optional(request) : { kind: 'status', status: 405 }
    case '/admin':
      return asks ? admin(passwordUser(request, utf8Passwords)) : { kind: 'status', status: 405 }
    case '/login':
      if (asks) return { kind: 'status', status: 200 }
      if (method !== 'POST') return { kind: 'status', status: 405 }
      return formUser(request) === undefined ? refused : { kind: 'sent on' }
    case '/me':
      return asks ? { kind: 'no session' } : { kind: 'status', status: 405 }
    case '/sessions':
      return asks || method === 'POST' ? { kind: 'no session' } : { kind: 'status', status: 405 }
    case '/logout':
      return method === 'POST' ? { kind: 'no session' } : { kind: 'status', status: 405 }
    case '/down':
      return { kind: 'status', status: asks ? 503 : 405 }
    case '/':
    case '/healthz':
    case '/live.js':
    case '/digest.js':
      return { kind: 'status', status: asks ? 200 : 405 }
    default:
      return { kind: 'status', status: 404 }
  }
}

function letIn(name: string | undefined): Right {
  return name === undefined ? refused : { kind: 'let in', names: [name] }
}

function both(first: string | undefined, second: string | undefined): Right {
  return first === undefined || second === undefined ? refused : { kind: 'let in', names: [first, second] }
}

function admin(name: string | undefined): Right {
  if (name === undefined || name === 'ada') return letIn(name)
  return { kind: 'status', status: 403 }
}

function optional(request: RawRequest): Right {
  const name = passwordUser(request, utf8Passwords)
  if (name !== undefined) return letIn(name)
  const values = valuesOf(request, 'authorization')
  if (values.length === 0) return { kind: 'anonymous' }
  if (values.some((value) => /^basic(?: |$)/i.test(value))) return refused
  return values.length === 1 && /^[A-Za-z0-9]+ /.test(values[0] ?? '') ? { kind: 'anonymous' } : { kind: 'nobody' }
}

function passwordUser(request: RawRequest, passwords: ReadonlyMap<string, string>): string | undefined {
  return passwords.get(credential(request, 'basic') ?? '')
}

function tokenUser(request: RawRequest): string | undefined {
  return credential(request, 'bearer') === 'ada-token' ? 'ada' : undefined
}

function keyUser(request: RawRequest): string | undefined {
  const [value, another] = valuesOf(request, 'x-api-key')
  return value === 'ada-key' && another === undefined ? 'ada' : undefined
}

function formUser(request: RawRequest): string | undefined {
  const site = valuesOf(request, 'sec-fetch-site')[0]
  const foreign = site === undefined ? valuesOf(request, 'origin').length > 0 : !['same-origin', 'none'].includes(site)
  const text = request.body?.toString('latin1') ?? ''
  const [type] = valuesOf(request, 'content-type')
  const table = type === goodForm ? forms : type === goodJson ? objects : undefined
  return foreign ? undefined : table?.get(text)
}

/** What follows the scheme in the only `Authorization` line. */
function credential(request: RawRequest, scheme: string): string | undefined {
  const [value, another] = valuesOf(request, 'authorization')
  if (value === undefined || another !== undefined) return undefined
  const [first = '', ...rest] = value.split(/ +/)
  return first.toLowerCase() === scheme && rest.length === 1 ? rest[0] : undefined
}

function valuesOf({ lines }: RawRequest, name: string): readonly string[] {
  return lines.filter(([own]) => own.toLowerCase() === name).map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ''))
}
