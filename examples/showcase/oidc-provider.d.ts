/** oidc-provider has no types of its own. This is what the showcase and the tests use of it. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

  /** A question to the person, on whose answer a login waits. */
  interface Interaction {
    readonly uid: string
    readonly prompt: { readonly name: string }
    readonly params: Readonly<Record<string, unknown>>
    readonly session?: { readonly accountId: string } | undefined
  }

  interface Login {
    readonly accountId: string | null
    readonly acr?: string
    readonly amr?: readonly string[]
    readonly remember?: boolean
  }

  interface Answer {
    readonly login?: Login
    readonly consent?: { readonly grantId: string }
    readonly error?: string
    readonly error_description?: string
  }

  interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }

  /** The part of Koa's context that pages are written to. */
  export interface Context {
    body: unknown
    type: string
    set(fields: Readonly<Record<string, string>>): void
  }

  export class Provider {
    constructor(issuer: string, configuration: object)
    readonly Grant: new (about: {
      readonly accountId: string
      readonly clientId: string
    }) => Grant
    callback(): RequestListener
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>
    interactionFinished(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void>
  }

  interface Checked {
    readonly oidc: { readonly acr?: string | undefined; readonly params: Readonly<Record<string, unknown>> }
  }

  interface Check {
    readonly reason: string
  }

  /** What a login must answer before it goes on. */
  export const interactionPolicy: {
    readonly Check: new (reason: string, description: string, check: (context: Checked) => boolean) => Check
    base(): { get(prompt: string): { readonly checks: { add(check: Check): void } } }
  }
}
