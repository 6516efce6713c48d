import { authentication } from 'becauth'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { digest } from 'becauth/digest'
import { checkPassword, checkToken, hashOf } from './shared.mjs'

const digestBy = (algorithm) =>
  digest({ realm: 'bench', algorithms: [algorithm], ha1: ({ username }) => hashOf(username, algorithm) })

const auth = authentication({
  basic: basic({ realm: 'bench', validate: ({ username, password }) => checkPassword(username, password) }),
  bearer: bearer({ validate: ({ token }) => checkToken(token) }),
  digest: digestBy('MD5'),
  digestSha256: digestBy('SHA-256'),
})

export const basicOnly = auth.require('basic')
export const bearerOnly = auth.require('bearer')
export const digestOnly = auth.require('digest')
export const digestSha256Only = auth.require('digestSha256')
