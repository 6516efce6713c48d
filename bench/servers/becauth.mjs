import { authentication } from 'becauth'
import { basic } from 'becauth/basic'
import { bearer } from 'becauth/bearer'
import { checkPassword, checkToken } from './shared.mjs'

const auth = authentication({
  basic: basic({ realm: 'bench', validate: ({ username, password }) => checkPassword(username, password) }),
  bearer: bearer({ validate: ({ token }) => checkToken(token) }),
})

export const basicOnly = auth.require('basic')
export const bearerOnly = auth.require('bearer')
