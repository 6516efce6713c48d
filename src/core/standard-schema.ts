import type { Awaitable } from './provider.ts'

/** What a validator answers: the value, or what is wrong with it. */
type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] }

/**
 * What validators such as Zod, Valibot and ArkType have in common.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<out Output, out Input = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Awaitable<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}
