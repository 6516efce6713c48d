import { describe, expect, it } from 'vitest'
import type { OAuth2Credential, OidcCredential } from '../tokens.ts'
import { logoutTags, sidTag, subTag } from './logout-tags.ts'

const plain: OAuth2Credential = {
  issuer: 'https://id.example',
  tenant: undefined,
  tokens: { accessToken: 'a', tokenType: 'bearer', extra: {} },
  userInfo: undefined,
  returnTo: '/',
  parameters: {},
}
const claims = { iss: 'https://id.example', sub: 'ada', aud: 'orders', exp: 2, iat: 1 }

describe('logoutTags()', () => {
  it('names the session and the person at the issuer of the id_token', () => {
    const login: OidcCredential = { ...plain, claims: { ...claims, sid: 's-1' } }
    expect(logoutTags(login)).toEqual([
      'becauth:sid:["https://id.example","s-1"]',
      'becauth:sub:["https://id.example","ada"]',
    ])
  })

  it('names the person alone when the issuer names no session', () => {
    const login: OidcCredential = { ...plain, claims }
    expect(logoutTags(login)).toEqual([subTag('https://id.example', 'ada')])
    const empty: OidcCredential = { ...plain, claims: { ...claims, sid: '' } }
    expect(logoutTags(empty)).toEqual([subTag('https://id.example', 'ada')])
  })

  it('names nobody without an id_token', () => {
    expect(logoutTags(plain)).toEqual([])
  })

  it('gives different names to different pairs, whatever is in them', () => {
    const tags = [
      sidTag('https://id.example', 'a'),
      subTag('https://id.example', 'a'),
      sidTag('https://id.example","a', ''),
      sidTag('https://id.example', '","a'),
      sidTag('', 'https://id.example'),
    ]
    expect(new Set(tags).size).toBe(tags.length)
  })
})
