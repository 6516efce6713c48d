import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { authentication } from '../../core/authentication.ts'
import { testRequest } from '../../testing/request.ts'
import { hasScheme } from '../../wire/authorization.ts'
import { basic } from './basic.ts'

interface Case {
  readonly id: string
  readonly header: string
  readonly valid: boolean | 'implementation-defined'
  readonly user?: string
  readonly pass?: string
  readonly charset?: string
}

const own = new URL('../../../test/vectors/02-basic/rfc7617.json', import.meta.url)
const shared = new URL('../../../../shared/vectors/02-basic/basic.json', import.meta.url)
const noShared = !existsSync(shared)

function cases(file: URL): readonly Case[] {
  const { cases }: { cases: readonly Case[] } = JSON.parse(readFileSync(file, 'utf8'))
  expect(cases.length).toBeGreaterThan(0)
  return cases
}

async function decide({ header }: Case, charset: 'UTF-8' | 'ISO-8859-1') {
  const validate = ({ username, password }: { username: string; password: string }) => ({ username, password })
  const auth = authentication({ staff: basic({ realm: 'staff', charset, validate }) })
  return await auth.decide(testRequest({ headers: { Authorization: header } }), 'staff')
}

async function holds(one: Case): Promise<void> {
  const utf8 = await decide(one, 'UTF-8')
  const latin1 = one.charset === 'iso-8859-1'
  if (one.valid !== false) {
    const outcome = latin1 ? await decide(one, 'ISO-8859-1') : utf8
    expect(outcome).toMatchObject({ kind: 'authenticated', principal: { username: one.user, password: one.pass } })
    if (!latin1) return
  }
  const cause = hasScheme(one.header, 'basic')
    ? { kind: 'InvalidCredentials', reason: 'malformed-credential' }
    : { kind: 'NoCredentials' }
  expect(utf8).toMatchObject({ kind: 'rejected', response: { status: 401 }, failures: [{ cause }] })
}

describe('vectors of RFC 7617 through basic()', () => {
  it.each(cases(own))('$id', holds)
})

describe.skipIf(noShared)('shared vectors: Basic of other implementations through basic()', () => {
  it.each(noShared ? [] : cases(shared))('$id', holds)
})
