import type { Awaitable } from '../core/provider.ts'

/** What a validator answers: the value, or what is wrong with it. */
type DataResult<D> = { readonly value: D; readonly issues?: undefined } | { readonly issues: readonly unknown[] }

/**
 * What validators such as Zod, Valibot and ArkType have in common. `I` is what it takes, `D` what it gives.
 *
 * @see https://standardschema.dev
 */
export interface DataSchema<I, D = I> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Awaitable<DataResult<D>>
    readonly types?: { readonly input: I; readonly output: D } | undefined
  }
}
