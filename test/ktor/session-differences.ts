import type { Difference } from './differences.ts'

export const sealing: Difference = {
  title: 'There is one way to seal a session',
  rule: 'F24, D37',
  why: "Ktor's encrypted cookie leaves its IV open to changes and fits any cookie at any time; AES-256-GCM covers every bit, the cookie's name and its time, and has no old format to fall back to.",
}

export const freshId: Difference = {
  title: 'A login gives a new session id',
  rule: 'F22, D62',
  why: 'Ktor keeps the id that the browser came with, so whoever planted it is logged in as well.',
}

export const randomId: Difference = {
  title: 'Ids of sessions are random, and the store has only their hash',
  rule: 'decision.md section 10',
  why: 'An id that counts up can be guessed, and whoever reads the store must not be able to log in with it.',
}

export const safeCookie: Difference = {
  title: 'A session cookie is for one host, over TLS and not for scripts',
  rule: 'F23b, D38',
  why: "Ktor's default travels unencrypted and with the requests of other sites, and its domain is open to every sibling host.",
}

export const maxAgeOnly: Difference = {
  title: 'Cookies end by Max-Age alone',
  rule: 'RFC 6265 section 5.3',
  why: 'It goes before Expires, which depends on the clock of the client.',
}

export const ends: Difference = {
  title: 'A logout ends the session, wherever it travels',
  rule: 'F23c, F30, D59',
  why: 'In Ktor a session in a header field cannot be cleared, and one that is set to null is still there.',
}

export const noCache: Difference = {
  title: 'No cache stands before the store',
  rule: 'F30, D40, D41',
  why: "A cached session lives on after another process ended it, and Ktor's cache keeps failures and forgets to forget; a request asks the store once.",
}

export const noFolder: Difference = {
  title: 'Sessions are kept in SQLite, not in a folder of files',
  rule: 'F30, D39',
  why: "Ktor looks for a file by the client's text and answers 500 to a hostile one; here what is no id reaches no store.",
}

export const jsonData: Difference = {
  title: 'Data is JSON that a schema has checked',
  rule: 'decision.md section 10',
  why: "Ktor's text format and its transformers believe what they read; `encode` and `decode` are there for what JSON cannot say.",
}

export const keyOnly: Difference = {
  title: 'The client of a stored session holds a key',
  rule: 'decision.md section 10',
  why: 'It stays the same when the data changes, so that nothing needs to be sent.',
}

export const replaced: Difference = {
  title: 'A sealed session that is replaced is sent',
  rule: 'decision.md section 10',
  why: '`replace` also renews the time of the session, so that an unchanged one is not the same; without it nothing is sent until renewal is due.',
}

export const values: Difference = {
  title: 'Sessions are a value, given to the provider',
  rule: 'decision.md rule 12',
  why: 'There is no plugin that can be missing, installed twice or asked too early.',
}

export const dataIsPrincipal: Difference = {
  title: 'The data of a session is the principal unless `validate` says otherwise',
  rule: 'decision.md section 10',
  why: 'The application itself put it there at the login, and nobody else can have.',
}

export const challengeKnows: Difference = {
  title: 'Whoever judges or refuses a session knows it',
  rule: 'F25, D26',
  why: "Ktor's challenge function gets the principal, which is always null there; here `validate` gets the session, and the challenge function the cause.",
}
