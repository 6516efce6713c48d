import { type InvalidCredentials, invalidCredentials, isCause } from '../../../core/cause.ts'
import type { OidcCredential } from '../tokens.ts'
import type { Person } from './person.ts'
import { type ClientOptions, type OidcPreset, personOf, settingsFrom, textOf } from './preset.ts'

/** Who logged in at Microsoft. */
export interface MicrosoftPerson extends Person {
  /** The tenant that the account is in (`tid`): that of the organization, or Microsoft's own for accounts of persons. */
  readonly tenant: string
}

/** What `microsoft()` is told. */
export type MicrosoftOptions = ClientOptions & {
  /**
   * Who may log in: the accounts of one tenant, by its id (a GUID; its domain will not do, since tokens name the id); those of
   * all organizations (`organizations`), of persons (`consumers`), or of both (`common`).
   */
  readonly tenant: string
  /**
   * The ids of the tenants whose accounts are let in, with `common` and `organizations`. Default: all, and anybody can make
   * a tenant of their own.
   */
  readonly tenants?: readonly string[] | undefined
}

const ENTRA = 'https://login.microsoftonline.com'
/** The tenant that all accounts of persons are in. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const missing = invalidCredentials('missing-claim', { detail: 'the id_token has no "tid" or no "oid"' })
const foreign = invalidCredentials('wrong-issuer', { detail: 'the account is in a tenant that is not let in' })

/**
 * Makes the preset of Microsoft Entra ID and of Microsoft accounts, for `oidc()`.
 *
 * People are known by tenant and object id (`tid` and `oid`), which stay the same for every client of a service. An address is
 * never taken for verified: the administrator of any tenant can write any into an account.
 *
 * @throws TypeError when `tenant` or one of `tenants` is no such id.
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 * @see https://learn.microsoft.com/entra/identity-platform/claims-validation
 */
export function microsoft(options: MicrosoftOptions): OidcPreset<MicrosoftPerson> {
  const { tenants } = options
  const tenant = options.tenant === 'consumers' ? CONSUMERS : options.tenant
  if (tenant !== 'common' && tenant !== 'organizations' && !guid.test(tenant)) {
    throw new TypeError('microsoft(): "tenant" must be a GUID in lower case, "common", "organizations" or "consumers"')
  }
  if (tenants !== undefined && !tenants.every((one) => guid.test(one))) {
    throw new TypeError('microsoft(): "tenants" must be GUIDs in lower case')
  }
  const row = {
    issuer: `${ENTRA}/${tenant}/v2.0`,
    // `oid` comes with `profile` only.
    scopes: ['openid', 'profile', 'email'],
    secret: 'client_secret_post',
    // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow: for all kinds of clients.
    assumesS256: true,
  } as const
  return { settings: settingsFrom(row, options), validate: (credential) => validated(credential, tenants) }
}

function validated(
  { claims }: OidcCredential,
  tenants: readonly string[] | undefined,
): MicrosoftPerson | InvalidCredentials {
  const { iss, tid, oid } = claims
  const [tenant, object] = [textOf(tid), textOf(oid)]
  if (tenant === undefined || object === undefined) return missing
  if (iss !== `${ENTRA}/${tenant}/v2.0` || (tenants !== undefined && !tenants.includes(tenant))) return foreign
  const person = personOf({
    issuer: iss,
    subject: `${tenant}.${object}`,
    email: claims.email,
    name: claims.name,
    username: claims.preferred_username,
  })
  return isCause(person) ? person : { ...person, tenant }
}
