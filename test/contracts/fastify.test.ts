import { describe, it } from 'vitest'
import { adapterContract } from '../../src/testing/adapter-contract.ts'
import { send } from './node-client.ts'
import { fastifySubject } from './subjects/fastify.ts'

describe('becauth/fastify', () => {
  for (const { title, run } of adapterContract()) it(title, () => run(fastifySubject, send))
})
