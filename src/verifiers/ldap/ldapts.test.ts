import { describe, expect, it } from 'vitest'
import { loadLdapts } from './ldapts.ts'

describe('loadLdapts()', () => {
  it('names the package when it is not installed', async () => {
    const missing = () => Promise.reject(new Error('ERR_MODULE_NOT_FOUND'))
    await expect(loadLdapts(missing)).rejects.toMatchObject({
      kind: 'Error',
      message: 'ldap(): needs the package "ldapts" in version 8',
    })
  })

  it('makes no filter of what is none', async () => {
    const { filter } = await loadLdapts(() => import('ldapts'))
    expect(() => filter('(uid=')).toThrow(TypeError)
  })
})
