import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnyAuthenticated, Requirement, Who } from 'becauth'
import { protect } from 'becauth/node'
import { sendJson } from './answers.ts'
import * as attempts from './attempts.ts'
import type { Auth } from './auth.ts'

/** One protected route: what it requires, how to answer whoever passes, and how to try it. */
interface Definition<W extends Who> {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly about: string
  readonly requirement: Requirement<W>
  /** What the handler answers. Its `who` has the type that the requirement gives it. */
  readonly answer: (who: W) => object
  /** The arguments of curl, without the address. */
  readonly curl: string
  readonly attempts: readonly attempts.Attempt[]
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  readonly path: string
  readonly about: string
  readonly requires: string
  readonly curl: string
  readonly attempts: readonly attempts.Attempt[]
  /** Whether GET shows a page that belongs to it. Default: `false`. */
  readonly page?: boolean
  /** Whether the page lists it. Default: `true`. */
  readonly listed?: boolean
  readonly handle: (req: IncomingMessage, res: ServerResponse) => unknown
}

/** Every protected route of the showcase. */
export function createRoutes(auth: Auth): readonly Route[] {
  return [
    route({
      path: '/basic',
      about: 'Name and password in UTF-8. Open it in the browser to see the browser’s own prompt.',
      requirement: auth.require('basic'),
      answer: principalOf,
      curl: '-u ada:lovelace',
      attempts: [...attempts.basic, attempts.nothing],
    }),
    route({
      path: '/basic-latin1',
      about: 'The same for old clients that encode in ISO-8859-1.',
      requirement: auth.require('latin1'),
      answer: principalOf,
      curl: `-H 'Authorization: ${attempts.latin1Grace.headers.Authorization}'`,
      attempts: [attempts.latin1Grace, attempts.utf8Grace, attempts.nothing],
    }),
    route({
      path: '/basic-quiet',
      about: 'Challenges with xBasic, which no browser prompts for: for pages that log in by script.',
      requirement: auth.require('quiet'),
      answer: principalOf,
      curl: '-u alan:enigma',
      attempts: [attempts.alan, attempts.wrongPassword, attempts.nothing],
    }),
    route({
      path: '/bearer',
      about: 'A token in the Authorization field.',
      requirement: auth.require('bearer'),
      answer: principalOf,
      curl: "-H 'Authorization: Bearer ada-token'",
      attempts: [...attempts.bearer, attempts.nothing],
    }),
    route({
      path: '/api-key',
      about: 'A key in a field of its own.',
      requirement: auth.require('apiKey'),
      answer: principalOf,
      curl: "-H 'X-Api-Key: ada-key'",
      attempts: [...attempts.apiKey, attempts.nothing],
    }),
    route({
      method: 'POST',
      path: '/form',
      about: 'Name and password from an HTML form, or as JSON.',
      requirement: auth.require('form'),
      answer: principalOf,
      curl: '-d user=ada -d password=lovelace',
      attempts: attempts.form,
    }),
    route({
      method: 'POST',
      path: '/throttled',
      about: 'Three wrong passwords for one name, then each guess has to wait twice as long as the one before: 429.',
      requirement: auth.require('throttled'),
      answer: principalOf,
      curl: '-d user=ada -d password=byron',
      attempts: attempts.throttled,
    }),
    route({
      path: '/htpasswd',
      about: 'Name and password against a file that Apache’s htpasswd wrote.',
      requirement: auth.require('file'),
      answer: principalOf,
      curl: '-u ada:lovelace',
      attempts: [attempts.ada, attempts.utf8Grace, attempts.wrongPassword, attempts.nothing],
    }),
    route({
      path: '/digest',
      about: 'The password never leaves the client, and no request can be repeated. SHA-256, as RFC 7616 wants.',
      requirement: auth.require('digest'),
      answer: principalOf,
      curl: '--digest -u ada:lovelace',
      attempts: attempts.digest,
    }),
    route({
      path: '/digest-512',
      about: 'SHA-512-256 alone, which no browser can compute. curl before 8.7 takes SHA-256 instead and is refused.',
      requirement: auth.require('digest512'),
      answer: principalOf,
      curl: '--digest -u ada:lovelace',
      attempts: attempts.digest512,
    }),
    route({
      method: 'POST',
      path: '/digest-int',
      about:
        'Digest that covers the body. curl signs an empty one whatever it sends, so it is refused; the buttons do better.',
      requirement: auth.require('digestInt'),
      answer: principalOf,
      curl: '--digest -u ada:lovelace -d amount=1',
      attempts: attempts.digestInt,
    }),
    route({
      path: '/any',
      about: 'One of three. Without credentials, all three are offered.',
      requirement: auth.anyOf('basic', 'bearer', 'apiKey'),
      answer: principalOf,
      curl: "-H 'Authorization: Bearer ada-token'",
      attempts: [attempts.ada, attempts.adaToken, attempts.adaKey, attempts.wrongPassword, attempts.nothing],
    }),
    route({
      path: '/all',
      about: 'A key and a password, both.',
      requirement: auth.allOf('apiKey', 'basic'),
      answer: ({ principals }) => ({ principals }),
      curl: "-u alan:enigma -H 'X-Api-Key: ada-key'",
      attempts: [attempts.keyAndPassword, attempts.adaKey, attempts.ada, attempts.nothing],
    }),
    route({
      path: '/optional',
      about: 'Nothing is fine, wrong is not.',
      requirement: auth.optional('basic'),
      answer: (who) => (who.kind === 'anonymous' ? { provider: null, principal: null } : principalOf(who)),
      curl: '-u ada:lovelace',
      attempts: [attempts.ada, attempts.wrongPassword, attempts.adaToken, attempts.nothing],
    }),
    route({
      path: '/admin',
      about: 'A password, and then the role: 403 for those who are known and may not.',
      requirement: auth.allow('basic', ({ roles }) => roles.includes('admin')),
      answer: principalOf,
      curl: '-u alan:enigma',
      attempts: [attempts.ada, attempts.alan, attempts.wrongPassword, attempts.nothing],
    }),
    route({
      path: '/down',
      about: 'Its directory is down, so nobody can say who is right: 503, never a 401.',
      requirement: auth.require('directory'),
      answer: principalOf,
      curl: '-u ada:lovelace',
      attempts: [attempts.ada, attempts.nothing],
    }),
  ]
}

export function principalOf({ provider, principal }: AnyAuthenticated): object {
  return { provider, principal }
}

/** Makes a route whose answer is JSON. */
export function route<W extends Who>({ method = 'GET', requirement, answer, ...shown }: Definition<W>): Route {
  return {
    ...shown,
    method,
    requires: requirement.description,
    handle: protect(requirement, (_req, res, who) => sendJson(res, { route: shown.path, ...answer(who) })),
  }
}
