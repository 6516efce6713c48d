import Hapi from '@hapi/hapi'
import Jwt from '@hapi/jwt'
import { answer, report } from './shared.mjs'
import { rs256, tokens } from './token-server.mjs'
import { audience, issuer, secret } from './tokens.mjs'

const server = Hapi.server({ port: 0, host: '127.0.0.1' })
await server.register(Jwt)
const verify = { iss: issuer, aud: audience, sub: false }
const validate = ({ decoded }) => ({ isValid: true, credentials: decoded.payload })
server.auth.strategy('hs256', 'jwt', { keys: { key: secret, algorithms: ['HS256'] }, verify, validate })
server.auth.strategy('rs256', 'jwt', { keys: { key: rs256.pem, algorithms: ['RS256'] }, verify, validate })
const open = () => answer
server.route({ method: 'GET', path: '/open', handler: open })
server.route({ method: 'GET', path: '/open2', handler: open })
server.route({ method: 'GET', path: '/tokens', handler: () => tokens })
for (const auth of ['hs256', 'rs256']) {
  server.route({ method: 'GET', path: `/${auth}`, options: { auth }, handler: open })
}
await server.start()
report(server.info.port)
