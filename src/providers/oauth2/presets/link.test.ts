import { describe, expect, it, vi } from 'vitest'
import { linkedAccount, type Person } from './presets.ts'

const ada: Person = {
  issuer: 'https://id.example',
  subject: 'ada',
  email: 'ada@example.com',
  isEmailVerified: true,
  name: 'Ada',
  username: undefined,
  picture: undefined,
}
const account = { id: 7 }
const nobody = () => null

describe('linkedAccount()', () => {
  it('answers the account that is linked to issuer and subject, and looks at nothing else', async () => {
    const [linked, byVerifiedEmail, create, link] = [vi.fn(() => account), vi.fn(), vi.fn(), vi.fn()]
    expect(await linkedAccount(ada, { linked, byVerifiedEmail, create, link })).toBe(account)
    expect(linked).toHaveBeenCalledExactlyOnceWith('https://id.example', 'ada')
    expect([byVerifiedEmail, create, link].map(({ mock }) => mock.calls)).toEqual([[], [], []])
  })

  it('finds nobody by an address unless it is asked to', async () => {
    expect(await linkedAccount(ada, { linked: nobody })).toBeNull()
  })

  it('links the account that is found by an address which both sides verified', async () => {
    const [byVerifiedEmail, create, link] = [vi.fn(() => account), vi.fn(), vi.fn()]
    expect(await linkedAccount(ada, { linked: nobody, byVerifiedEmail, create, link })).toBe(account)
    expect(byVerifiedEmail).toHaveBeenCalledExactlyOnceWith('ada@example.com', ada)
    expect(link).toHaveBeenCalledExactlyOnceWith(account, ada)
    expect(create).not.toHaveBeenCalled()
  })

  it.each([
    ['that the server does not verify', { ...ada, isEmailVerified: false }],
    ['that is not there', { ...ada, email: undefined }],
  ])('asks for nobody by an address %s', async (_name, person) => {
    const byVerifiedEmail = vi.fn(() => account)
    expect(await linkedAccount(person, { linked: nobody, byVerifiedEmail, link: () => {} })).toBeNull()
    expect(byVerifiedEmail).not.toHaveBeenCalled()
  })

  it('makes an account for somebody who has none, and links it', async () => {
    const link = vi.fn()
    expect(await linkedAccount(ada, { linked: nobody, byVerifiedEmail: nobody, create: () => account, link })).toBe(
      account,
    )
    expect(link).toHaveBeenCalledExactlyOnceWith(account, ada)
  })

  it('links nothing when nobody may have an account', async () => {
    const link = vi.fn()
    expect(await linkedAccount(ada, { linked: nobody, create: nobody, link })).toBeNull()
    expect(link).not.toHaveBeenCalled()
  })

  it('makes no account that nobody would remember', async () => {
    const create = vi.fn(() => account)
    await expect(linkedAccount(ada, { linked: nobody, create })).rejects.toThrow(TypeError)
    expect(create).not.toHaveBeenCalled()
  })
})
