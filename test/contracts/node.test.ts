import { describe, it } from 'vitest'
import { adapterContract } from '../../src/testing/adapter-contract.ts'
import { send } from './node-client.ts'
import { nodeSubject } from './subjects/node.ts'

describe('becauth/node', () => {
  for (const { title, run } of adapterContract()) it(title, () => run(nodeSubject, send))
})
