import { describe, it } from 'vitest'
import { adapterContract } from '../../src/testing/adapter-contract.ts'
import { send } from './node-client.ts'
import { honoSubject } from './subjects/hono.ts'

describe('becauth/hono', () => {
  for (const { title, run } of adapterContract()) it(title, () => run(honoSubject, send))
})
