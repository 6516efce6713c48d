import { describe, it } from 'vitest'
import { adapterContract } from '../../src/testing/adapter-contract.ts'
import { send } from './node-client.ts'
import { fetchSubject } from './subjects/fetch.ts'

describe('becauth/fetch', () => {
  for (const { title, run } of adapterContract()) it(title, () => run(fetchSubject, send))
})
