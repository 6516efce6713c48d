import { describe, it } from 'vitest'
import { adapterContract } from '../../src/testing/adapter-contract.ts'
import { send } from './node-client.ts'
import { expressSubject } from './subjects/express.ts'
import { express4Subject } from './subjects/express4.ts'

describe.each([expressSubject, express4Subject])('becauth/express on $name', (subject) => {
  for (const { title, run } of adapterContract()) it(title, () => run(subject, send))
})
