import { type Authentication, authentication } from '../../../core/authentication.ts'
import type { AuthenticationProvider } from '../../../core/provider.ts'
import { oidc } from '../../oidc/oidc.ts'
import { oauth2 } from '../oauth2.ts'
import {
  type ApplePerson,
  apple,
  auth0,
  github,
  google,
  linkedin,
  type MicrosoftPerson,
  microsoft,
  type Person,
} from './presets.ts'

const client = { clientId: 'shop', secret: 'sesame' }
const shared = { redirectUri: '/callback', keys: [{ id: 'a', key: 'k' }] }

// The principal is the person that the preset knows.
export const office: AuthenticationProvider<MicrosoftPerson> = oidc({
  ...microsoft({ ...client, tenant: 'organizations' }),
  ...shared,
})
export const forge: AuthenticationProvider<Person> = oauth2({ ...github(client), ...shared })
const auth: Authentication<{ office: MicrosoftPerson; forge: Person }> = authentication({ office, forge })
export const tenant = auth.require('office')

// @ts-expect-error: a preset of oidc() reads the id_token, which oauth2() has not
export const unverified = oauth2({ ...google(client), ...shared })

// @ts-expect-error: a preset of oauth2() has no issuer that makes id_tokens
export const tokenless = oidc({ ...github(client), ...shared })

// @ts-expect-error: LinkedIn's id_token leaves out the nonce
export const nonceless = oidc({ ...linkedin(client), ...shared })

// Its mapper can be part of a `validate` of one's own, in the right place only.
const preset = google(client)
export const own: AuthenticationProvider<{ readonly id: string }> = oidc({
  settings: preset.settings,
  ...shared,
  validate: (credential) => {
    const person = preset.validate(credential)
    return 'subject' in person ? { id: person.subject } : person
  },
})
export const elsewhere = oauth2({
  settings: preset.settings,
  ...shared,
  // @ts-expect-error: there is no id_token in this credential
  validate: (credential) => preset.validate(credential),
})

// @ts-expect-error: a client proves itself in some way
export const proofless = google({ clientId: 'shop' })

// @ts-expect-error: and in one
export const twice = google({ ...client, clientAuthentication: { method: 'none' } })

export const keyed = google({ clientId: 'shop', clientAuthentication: { method: 'none' } })

// @ts-expect-error: LinkedIn knows clients by a secret only
export const secretless = linkedin({ clientId: 'shop', clientAuthentication: { method: 'none' } })

// @ts-expect-error: Apple's secret is made, not given
export const given = apple(client)

// @ts-expect-error: whose tenant?
export const nowhere = auth0(client)

export const made: AuthenticationProvider<ApplePerson> = oidc({
  ...apple({ clientId: 'shop', teamId: 'T', keyId: 'K', privateKey: { kty: 'EC' } }),
  ...shared,
})
