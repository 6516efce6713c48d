import type { Difference } from './differences.ts'

/** How people are logged in by other servers and by directories: what becauth does otherwise than Ktor. */

export const boundLogin: Difference = {
  title: 'A login comes back to the browser that began it, once',
  rule: 'RFC 9700 sections 2.1 and 4.7, F17, D28',
  why: 'Ktor takes any state by default, so anybody can have a visitor log in to an account that is not theirs; becauth seals what it began into a cookie and always uses PKCE.',
}

export const onlyAtCallback: Difference = {
  title: 'Answers are taken at one path',
  rule: 'RFC 9700 section 4.4.2, F17d',
  why: 'In Ktor every URL of the scope takes a code or an error of whoever links there; here the path says whose answer it is, and a code without a state is ill-formed.',
}

export const oneClientProof: Difference = {
  title: 'The client proves itself once, and never in a URL',
  rule: 'RFC 6749 sections 2.3.1 and 3.2, F17c, D27, D53',
  why: 'Ktor asks for tokens by GET with the secret in the query, or sends it both as Basic and as a parameter, and the state with it.',
}

export const codeEnds: Difference = {
  title: 'A refused code ends the login',
  rule: 'F17, D29',
  why: 'Ktor redirects again, which goes on for ever while the other server has a session of its own.',
}

export const serverOutage: Difference = {
  title: 'A token server that is down or answers nonsense is 503',
  rule: 'decision.md rules 4 and 13, D01, D08',
  why: 'It says nothing about the person, who may try again; in Ktor it is a 401 without a challenge, or a pass in an optional scope.',
}

export const answersByPage: Difference = {
  title: 'A failed login is answered by a page or a redirect',
  rule: 'decision.md rule 12, D01',
  why: 'Where the application gives neither, the answer is 401 with a challenge; its function chooses no other status.',
}

export const formEssence: Difference = {
  title: 'A posted answer may name a charset',
  rule: 'RFC 9110 section 8.3.1, F17e, D31',
  why: 'Ktor compares the whole Content-Type, and takes such an answer for a visitor who has to log in.',
}

export const wholeSignature: Difference = {
  title: 'OAuth 1.0a is signed by RFC 5849',
  rule: 'RFC 5849 sections 3.3 and 3.4.2, F18, D32, D33',
  why: 'Ktor leaves the token secret and the parameters of the URL out of the signature, and takes local time for UTC.',
}

export const boundToken: Difference = {
  title: 'A request token comes back to the browser that asked for it',
  rule: 'RFC 5849 section 2.3, F18, D34',
  why: 'Ktor exchanges any pair of token and verifier that a link brings.',
}

export const directoryCompares: Difference = {
  title: 'The directory compares passwords',
  rule: 'RFC 4513 section 5.1, D45',
  why: "Ktor's sample reads the attribute of the password and compares it in the service, which should not be able to see it.",
}

export const noEmptyBind: Difference = {
  title: 'An empty password is refused before the directory is asked',
  rule: 'RFC 4513 section 5.1.2, F20, D42',
  why: 'Many directories answer such a bind with success, as to somebody anonymous, and Ktor takes that for a login.',
}

export const wholeOctets: Difference = {
  title: 'Names are escaped octet by octet',
  rule: 'RFC 4514 section 2.4, D44',
  why: 'Ktor escapes the halves of a character beyond the basic plane, which names somebody else or nobody.',
}
