import Basic from '@hapi/basic'
import Hapi from '@hapi/hapi'
import { answer, checkPassword, report } from './shared.mjs'

const server = Hapi.server({ port: 0, host: '127.0.0.1' })
await server.register(Basic)
server.auth.strategy('basic', 'basic', {
  validate: (_request, username, password) => {
    const credentials = checkPassword(username, password)
    return { isValid: credentials !== null, credentials }
  },
})
const open = () => answer
server.route({ method: 'GET', path: '/open', handler: open })
server.route({ method: 'GET', path: '/open2', handler: open })
server.route({ method: 'GET', path: '/basic', options: { auth: 'basic' }, handler: open })
await server.start()
report(server.info.port)
