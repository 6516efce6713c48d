import { AuthenticationFailedCause, type AuthenticationListener, authentication, provider } from 'becauth'
import { apiKey } from 'becauth/api-key'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { form } from 'becauth/form'
import { checkApiKey, checkPassword, checkToken, type User } from './users.ts'

/** What a provider answers when it cannot decide. Retryable by default: 503, never a 401. */
class DirectoryDown extends AuthenticationFailedCause.Error {}

/** Registers every provider of the showcase under its name. */
export function createAuth(listener: AuthenticationListener) {
  return authentication(
    {
      basic: basic({ realm: 'showcase', validate: checkPassword }),
      latin1: basic({ realm: 'showcase, Latin-1', charset: 'ISO-8859-1', validate: checkPassword }),
      quiet: basic({ realm: 'showcase, no prompt', quiet: true, validate: checkPassword }),
      bearer: bearer({ realm: 'showcase', validate: checkToken }),
      apiKey: apiKey({ realm: 'showcase', header: 'X-Api-Key', validate: checkApiKey }),
      form: form({ realm: 'showcase', validate: checkPassword, challenge: { page: refusedPage } }),
      directory: provider({
        challenge: { scheme: 'Directory', parameters: [['realm', 'showcase']] },
        authenticate: askDirectory,
      }),
    },
    { listeners: [listener] },
  )
}

export type Auth = ReturnType<typeof createAuth>

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
