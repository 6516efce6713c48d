export { type AppleOptions, type ApplePerson, apple } from './apple.ts'
export { type Auth0Options, auth0 } from './auth0.ts'
export { type AuthentikOptions, authentik } from './authentik.ts'
export { type CognitoOptions, cognito } from './cognito.ts'
export { discord } from './discord.ts'
export { type FacebookOptions, facebook } from './facebook.ts'
export { type GithubEmail, type GithubOptions, github, githubEmails } from './github.ts'
export { type GitlabOptions, gitlab } from './gitlab.ts'
export { type GooglePerson, google } from './google.ts'
export { type KeycloakOptions, keycloak } from './keycloak.ts'
export { type LinkedAccounts, linkedAccount } from './link.ts'
export { linkedin } from './linkedin.ts'
export { type MicrosoftOptions, type MicrosoftPerson, microsoft } from './microsoft.ts'
export { type OktaOptions, okta } from './okta.ts'
export type { Person } from './person.ts'
export type {
  ClientOptions,
  OAuth2Preset,
  OidcPreset,
  PlainCredential,
  PresetOptions,
  SecretOptions,
} from './preset.ts'
export { type SlackPerson, slack } from './slack.ts'
export { spotify } from './spotify.ts'
export { twitch } from './twitch.ts'
export { x } from './x.ts'
export { type ZitadelOptions, zitadel } from './zitadel.ts'
