import { randomBytes } from 'node:crypto'
import { AuthenticationFailedCause, type AuthenticationListener, authentication, provider } from 'becauth'
import { apiKey } from 'becauth/api-key'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { type DigestAlgorithm, type DigestQop, digest } from 'becauth/digest'
import { dpop } from 'becauth/dpop'
import { form, returnTo } from 'becauth/form'
import { htpasswd } from 'becauth/htpasswd'
import { type JwtClaims, type JwtCredential, jwt } from 'becauth/jwt'
import { memoryLimiter } from 'becauth/memory'
import { legacyFormats, passwords } from 'becauth/password'
import { type Sessions, session } from 'becauth/session'
import { throttle } from 'becauth/throttle'
import { loginPage } from './account-pages.ts'
import type { Visit } from './sessions.ts'
import type { Tokens } from './tokens.ts'
import { checkApiKey, checkPassword, checkToken, secretOf, type User, userNamed } from './users.ts'

/** What a provider answers when it cannot decide. Retryable by default: 503, never a 401. */
class DirectoryDown extends AuthenticationFailedCause.Error {}

/** Registers every provider of the showcase under its name. */
export function createAuth(listener: AuthenticationListener, sessions: Sessions<Visit>, { base, issuer, mcp }: Tokens) {
  const ours = { realm: 'showcase', issuer: base, keys: issuer.keys, validate: whoseToken }
  return authentication(
    {
      basic: basic({ realm: 'showcase', validate: checkPassword }),
      latin1: basic({ realm: 'showcase, Latin-1', charset: 'ISO-8859-1', validate: checkPassword }),
      quiet: basic({ realm: 'showcase, no prompt', quiet: true, validate: checkPassword }),
      bearer: bearer({ realm: 'showcase', validate: checkToken }),
      apiKey: apiKey({ realm: 'showcase', header: 'X-Api-Key', validate: checkApiKey }),
      form: form({ realm: 'showcase', validate: checkPassword, challenge: { page: refusedPage } }),
      digest: digestOf('showcase', 'SHA-256', 'auth'),
      digest512: digestOf('showcase, SHA-512-256', 'SHA-512-256', 'auth'),
      digestInt: digestOf('showcase, body', 'SHA-256', 'auth-int'),
      file: basic({ realm: 'showcase, file', validate: checkFile }),
      throttled: form({ realm: 'showcase', validate: checkPassword, throttle: guessing }),
      login: form({
        realm: 'showcase',
        validate: checkPassword,
        challenge: { page: (_cause, { request }) => loginPage(returnTo(request), true) },
      }),
      session: session({
        sessions,
        validate: ({ data }) => userNamed(data.name),
        challenge: { redirect: '/login' },
      }),
      password: form({
        realm: 'showcase',
        userField: 'username',
        validate: checkPassword,
        throttle: throttle({ limiter: memoryLimiter(), key: randomBytes(32), deviceCookie: false }),
      }),
      jwt: jwt({ ...ours, audience: base }),
      // With DPoP as its scheme it takes no token that is bound to nothing.
      dpop: jwt({ ...ours, audience: base, scheme: 'DPoP', proofs: [dpop({ nonce: {} })] }),
      mcp: jwt({ ...ours, resource: mcp }),
      directory: provider({
        challenge: { scheme: 'Directory', parameters: [['realm', 'showcase']] },
        authenticate: askDirectory,
      }),
    },
    { listeners: [listener], baseUrl: base },
  )
}

export type Auth = ReturnType<typeof createAuth>

function digestOf(realm: string, algorithm: DigestAlgorithm, qop: DigestQop) {
  return digest({
    realm,
    algorithms: [algorithm],
    qop: [qop],
    secret: secretOf,
    validate: ({ username }) => userNamed(username),
  })
}

/** What a token says of somebody is as old as the token; who that is now, the table says. */
function whoseToken({ claims }: JwtCredential<JwtClaims>): User | null {
  return userNamed(claims.sub ?? '')
}

/** A file that Apache's htpasswd wrote, with bcrypt. New hashes would be scrypt. */
const checkFile = htpasswd(new URL('./htpasswd', import.meta.url), {
  passwords: passwords({ algorithm: 'scrypt', formats: legacyFormats() }),
  principal: userNamed,
})

/**
 * Budgets so small that one sees them. `known` and the device cookie are off, or ada would be let off after her first login
 * from here: a service leaves both on.
 */
const guessing = throttle({
  limiter: memoryLimiter(),
  key: randomBytes(32),
  account: { failures: 3, windowSeconds: 60, waitSeconds: 2, maxWaitSeconds: 32 },
  address: false,
  network: false,
  known: false,
  deviceCookie: false,
})

async function askDirectory(): Promise<{ principal: User }> {
  throw new DirectoryDown('the directory does not answer', { code: 'directory-down', retryAfterSeconds: 30 })
}

/** What a browser without JavaScript sees after a wrong password. */
const refusedPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Not let in</title>
<h1>Not let in</h1>
<p>Name or password is wrong. <a href="/#form">Try again</a>.</p>
</html>
`
