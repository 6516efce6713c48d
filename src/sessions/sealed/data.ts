import { chain } from '../../core/awaitable.ts'
import { AuthenticationError } from '../../core/cause.ts'
import type { Awaitable } from '../../core/provider.ts'
import type { StandardSchema } from '../../core/standard-schema.ts'
import type { Settings } from './options.ts'

/** Data that fits the schema, and whether it is what was sealed. */
interface FittingData<D> {
  readonly data: D
  readonly migrated: boolean
}

/** Data as it is sealed, and as it will be read back. */
interface DataToSeal<D> {
  readonly kept: unknown
  readonly data: D
}

/**
 * Makes data ready to be sealed: what will be read back must fit, so a `Date` that JSON turns into a text is found now.
 *
 * @throws TypeError, perhaps as a rejection, when it does not. It shows nothing of the data.
 */
export function dataToSeal<D>(data: D, schema: StandardSchema<D, D>): Awaitable<DataToSeal<D>> {
  const text: string | undefined = JSON.stringify(data)
  const kept: unknown = text === undefined ? undefined : JSON.parse(text)
  return chain(schema['~standard'].validate(kept), (result) => {
    if (result.issues === undefined) return { kept, data: result.value }
    throw new TypeError('sealedSessions(): the data, made JSON and read again, must fit "schema"')
  })
}

/** Answers the sealed data, made fit where it is older; `undefined` when it fits no more. */
export function sealedData<D>(
  data: unknown,
  version: number,
  { schema, dataVersion, migrate }: Settings<D>,
): Awaitable<FittingData<D> | undefined> {
  if (version > dataVersion) {
    throw new AuthenticationError('a session has data of a version that this process does not know yet', {
      code: 'newer-session',
    })
  }
  const { validate } = schema['~standard']
  if (version === dataVersion) {
    return chain(validate(data), (result) =>
      result.issues === undefined ? { data: result.value, migrated: false } : undefined,
    )
  }
  if (migrate === undefined) return undefined
  return chain(migrate(data, version), (migrated) =>
    chain(validate(migrated), (result) => {
      if (result.issues === undefined) return { data: result.value, migrated: true }
      throw new AuthenticationError('sealedSessions(): "migrate" must answer data that fits "schema"', {
        code: 'invalid-answer',
      })
    }),
  )
}
