import type { OAuth2ClientAuthentication } from '../options.ts'

/**
 * Proves the client by a secret in the form and leaves `code_verifier` out of it, for servers that refuse one from clients that
 * have a secret.
 *
 * @throws TypeError when there is no secret.
 */
export function secretWithoutVerifier(clientId: string, secret: unknown, owner: string): OAuth2ClientAuthentication {
  if (typeof secret !== 'string' || secret === '') throw new TypeError(`${owner}: "secret" must be a non-empty string`)
  return {
    method: 'custom',
    apply: ({ body }) => {
      body.set('client_id', clientId)
      body.set('client_secret', secret)
      body.delete('code_verifier')
    },
  }
}
