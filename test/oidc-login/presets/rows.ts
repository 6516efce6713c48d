import { generateKeyPairSync } from 'node:crypto'
import type { AuthenticationProvider } from '../../../src/core/provider.ts'
import { oauth2 } from '../../../src/providers/oauth2/oauth2.ts'
import type { OAuth2Settings } from '../../../src/providers/oauth2/options.ts'
import {
  apple,
  auth0,
  authentik,
  cognito,
  discord,
  facebook,
  github,
  gitlab,
  google,
  keycloak,
  linkedin,
  microsoft,
  type OAuth2Preset,
  type OidcPreset,
  okta,
  type Person,
  slack,
  spotify,
  twitch,
  x,
  zitadel,
} from '../../../src/providers/oauth2/presets/presets.ts'
import { oidc } from '../../../src/providers/oidc/oidc.ts'
import { type Documents, documentsOf } from './documented-server.ts'
import { NOW, type SharedOptions } from './login.ts'

/** What a preset must come to with the documents of its server. */
export interface Row {
  readonly name: string
  readonly settings: OAuth2Settings
  readonly documents: Documents
  readonly make: (shared: SharedOptions) => AuthenticationProvider<Person>
  /** Where the browser is sent to. */
  readonly authorization: string
  /** What it is sent there with, beside what every login has. */
  readonly parameters: Readonly<Record<string, string>>
  /** How the token request proves the client. */
  readonly client: 'basic' | 'form' | 'form without verifier' | 'jwt'
  readonly person: Readonly<Record<string, unknown>>
  /** Which claim, or member of UserInfo, identifies the person. */
  readonly identity: string
  /** What the documented error is taken for. */
  readonly error: string
  readonly scopes?: readonly string[]
}

type Expected = Omit<Row, 'name' | 'settings' | 'documents' | 'make' | 'error'> & { readonly error?: string }

function oidcRow<P extends Person>(name: string, preset: OidcPreset<P>, expected: Expected): Row {
  const make = (shared: SharedOptions): AuthenticationProvider<Person> => oidc<Person>({ ...preset, ...shared })
  return { name, make, settings: preset.settings, documents: documentsOf(name), error: 'invalid_grant', ...expected }
}

function oauth2Row<P extends Person>(name: string, preset: OAuth2Preset<P>, expected: Expected): Row {
  const make = (shared: SharedOptions): AuthenticationProvider<Person> => oauth2<Person>({ ...preset, ...shared })
  return { name, make, settings: preset.settings, documents: documentsOf(name), error: 'invalid_grant', ...expected }
}

const client = { clientId: 'client', secret: 'open-se_same' }
const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
const tenant = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const nothing = { email: undefined, name: undefined, username: undefined, picture: undefined, isEmailVerified: false }
const ada = { ...nothing, email: 'ada@example.com', name: 'Ada Lovelace', username: 'ada' }

export const rows: readonly Row[] = [
  oidcRow('google', google(client), {
    authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
    parameters: { scope: 'openid email profile' },
    client: 'form',
    identity: 'sub',
    person: {
      ...nothing,
      issuer: 'https://accounts.google.com',
      subject: '10769150350006150715113082367',
      email: 'jsmith@example.com',
      isEmailVerified: true,
      name: 'Jane Smith',
      picture: 'https://lh3.googleusercontent.com/a/jane',
      organization: 'example.com',
    },
  }),
  oidcRow('microsoft', microsoft({ ...client, tenant: 'common' }), {
    authorization: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    parameters: { scope: 'openid profile email' },
    client: 'form',
    identity: 'oid',
    person: {
      ...nothing,
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      subject: `${tenant}.00000000-0000-0000-66f3-3332eca7ea81`,
      email: 'AbeLi@microsoft.com',
      name: 'Abe Lincoln',
      username: 'AbeLi@microsoft.com',
      tenant,
    },
  }),
  oidcRow(
    'apple',
    apple({ clientId: 'client', teamId: 'DEF123GHIJ', keyId: 'ABC123DEFG', privateKey, clock: () => NOW }),
    {
      authorization: 'https://appleid.apple.com/auth/authorize',
      parameters: { scope: 'openid name email', response_mode: 'form_post' },
      client: 'jwt',
      identity: 'sub',
      error: 'invalid_client',
      person: {
        ...nothing,
        issuer: 'https://appleid.apple.com',
        subject: '000792.d71059495fa24644b94e4a644e2e3b4a.0638',
        email: '8wzsd2xk7q@privaterelay.appleid.com',
        isEmailVerified: true,
        isPrivateEmail: true,
      },
    },
  ),
  oauth2Row('github', github(client), {
    authorization: 'https://github.com/login/oauth/authorize',
    parameters: { scope: 'user:email' },
    client: 'form',
    identity: 'id',
    person: {
      ...nothing,
      issuer: 'https://github.com',
      subject: '1',
      email: 'octocat@github.com',
      name: 'monalisa octocat',
      username: 'octocat',
      picture: 'https://github.com/images/error/octocat_happy.gif',
    },
  }),
  oidcRow('gitlab', gitlab(client), {
    authorization: 'https://gitlab.com/oauth/authorize',
    parameters: { scope: 'openid email profile' },
    client: 'basic',
    identity: 'sub',
    person: {
      ...ada,
      issuer: 'https://gitlab.com',
      subject: '4321',
      isEmailVerified: true,
      picture: 'https://gitlab.com/uploads/-/system/user/avatar/4321/avatar.png',
    },
  }),
  oauth2Row('discord', discord(client), {
    authorization: 'https://discord.com/oauth2/authorize',
    parameters: { scope: 'identify email' },
    client: 'basic',
    identity: 'id',
    person: {
      issuer: 'https://discord.com',
      subject: '80351110224678912',
      email: 'nelly@discord.com',
      isEmailVerified: true,
      name: 'Nelly',
      username: 'nelly',
      picture: 'https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png',
    },
  }),
  oidcRow('slack', slack(client), {
    authorization: 'https://slack.com/openid/connect/authorize',
    parameters: { scope: 'openid email profile' },
    client: 'form without verifier',
    identity: 'https://slack.com/user_id',
    person: {
      ...nothing,
      issuer: 'https://slack.com',
      subject: 'T0RR.U0JM',
      email: 'bront@slack-corp.com',
      isEmailVerified: true,
      name: 'brent',
      picture: 'https://secure.gravatar.com/avatar/bc.png',
      team: 'T0RR',
    },
  }),
  oauth2Row('linkedin', linkedin(client), {
    authorization: 'https://www.linkedin.com/oauth/v2/authorization',
    parameters: { scope: 'openid profile email' },
    client: 'form without verifier',
    identity: 'sub',
    person: {
      ...nothing,
      issuer: 'https://www.linkedin.com/oauth',
      subject: '782bbtaQ',
      email: 'doe@email.com',
      isEmailVerified: true,
      name: 'John Doe',
      picture: 'https://media.licdn-ei.com/dms/image/C5F03AQHqK8v7tB1HCQ/profile-displayphoto-shrink_100_100/0/',
    },
  }),
  oauth2Row('facebook', facebook(client), {
    authorization: 'https://www.facebook.com/v23.0/dialog/oauth',
    parameters: { scope: 'public_profile email' },
    client: 'form',
    identity: 'id',
    person: {
      ...nothing,
      issuer: 'https://www.facebook.com',
      subject: '10158512345678901',
      email: 'ada@example.com',
      name: 'Ada Lovelace',
      picture: 'https://platform-lookaside.fbsbx.com/platform/profilepic/?asid=10158512345678901',
    },
  }),
  oauth2Row('x', x({ ...client, scopes: ['users.email'] }), {
    authorization: 'https://x.com/i/oauth2/authorize',
    parameters: { scope: 'users.read tweet.read users.email' },
    client: 'basic',
    identity: 'data',
    person: {
      issuer: 'https://x.com',
      subject: '2244994945',
      email: 'dev@example.com',
      isEmailVerified: true,
      name: 'X Dev',
      username: 'TwitterDev',
      picture: 'https://pbs.twimg.com/profile_images/1267175364003901441/tBZNFAgA_normal.jpg',
    },
  }),
  oauth2Row('spotify', spotify(client), {
    authorization: 'https://accounts.spotify.com/authorize',
    parameters: { scope: 'user-read-email' },
    client: 'basic',
    identity: 'id',
    person: {
      ...nothing,
      issuer: 'https://accounts.spotify.com',
      subject: 'wizzler',
      email: 'email@example.com',
      name: 'JM Wizzler',
      picture: 'https://i.scdn.co/image/ab67616d00001e02ff9ca10b55ce82ae553c8228',
    },
  }),
  oidcRow('twitch', twitch(client), {
    authorization: 'https://id.twitch.tv/oauth2/authorize',
    parameters: {
      scope: 'openid user:read:email',
      claims: '{"id_token":{"email":null,"email_verified":null,"picture":null,"preferred_username":null}}',
    },
    client: 'form',
    identity: 'sub',
    person: {
      ...nothing,
      issuer: 'https://id.twitch.tv/oauth2',
      subject: '713936733',
      email: 'scotwht@justin.tv',
      isEmailVerified: true,
      username: 'scotwht',
      picture: 'https://static-cdn.jtvnw.net/user-default-pictures/scotwht-300x300.png',
    },
  }),
  oidcRow('keycloak', keycloak({ ...client, url: 'https://id.example', realm: 'shop' }), {
    authorization: 'https://id.example/realms/shop/protocol/openid-connect/auth',
    parameters: { scope: 'openid email profile' },
    client: 'basic',
    identity: 'sub',
    person: {
      ...ada,
      issuer: 'https://id.example/realms/shop',
      subject: '8a7d9c1e-3f42-4a0b-9b0d-5d0f6a7c8e21',
      isEmailVerified: true,
    },
  }),
  oidcRow('auth0', auth0({ ...client, domain: 'samples.auth0.com' }), {
    authorization: 'https://samples.auth0.com/authorize',
    parameters: { scope: 'openid email profile' },
    client: 'form',
    identity: 'sub',
    person: {
      ...nothing,
      issuer: 'https://samples.auth0.com/',
      subject: 'auth0|123456',
      email: 'janedoe@example.com',
      name: 'Jane Doe',
      picture: 'http://example.com/janedoe/me.jpg',
    },
  }),
  oidcRow('okta', okta({ ...client, domain: 'dev-92899796.okta.com', authorizationServer: 'default' }), {
    authorization: 'https://dev-92899796.okta.com/oauth2/default/v1/authorize',
    parameters: { scope: 'openid email profile' },
    client: 'basic',
    identity: 'sub',
    person: {
      ...nothing,
      issuer: 'https://dev-92899796.okta.com/oauth2/default',
      subject: '00uid4BxXw6I6TV4m0g3',
      email: 'john.doe@example.com',
      name: 'John Doe',
      username: 'john.doe@example.com',
    },
  }),
  oidcRow('cognito', cognito({ ...client, userPoolId: 'us-east-1_FDyGrrjP6' }), {
    authorization: 'https://shop.auth.us-east-1.amazoncognito.com/oauth2/authorize',
    parameters: { scope: 'openid email profile' },
    client: 'basic',
    identity: 'sub',
    person: {
      ...nothing,
      issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_FDyGrrjP6',
      subject: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      email: 'my-test-user@example.com',
      isEmailVerified: true,
      username: 'my-test-user',
    },
  }),
  oidcRow('zitadel', zitadel({ ...client, domain: 'shop-a1b2c3.zitadel.cloud' }), {
    authorization: 'https://shop-a1b2c3.zitadel.cloud/oauth/v2/authorize',
    parameters: { scope: 'openid email profile' },
    client: 'basic',
    identity: 'sub',
    person: {
      ...nothing,
      issuer: 'https://shop-a1b2c3.zitadel.cloud',
      subject: '165460784409737834',
      email: 'road.runner@acme.ch',
      isEmailVerified: true,
      name: 'Road Runner',
      username: 'road.runner',
    },
  }),
  oidcRow('authentik', authentik({ ...client, url: 'https://id.example', application: 'shop' }), {
    authorization: 'https://id.example/application/o/authorize/',
    parameters: { scope: 'openid email profile' },
    client: 'basic',
    identity: 'sub',
    person: {
      ...ada,
      issuer: 'https://id.example/application/o/shop/',
      subject: 'd1b4a7f0c3e5968217aa0bb4cc5dd6ee7ff8009911223344556677889900aabb',
    },
  }),
]
