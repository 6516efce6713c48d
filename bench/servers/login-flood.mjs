import { createServer } from 'node:http'
import { authentication } from 'becauth'
import { form } from 'becauth/form'
import { protect } from 'becauth/node'
import { passwords, passwordTable } from 'becauth/password'
import { answerText, report } from './shared.mjs'

/** A login behind Argon2id with OWASP's parameters, without a throttle: what is measured is the queue. */
const hasher = passwords({ algorithm: 'argon2id' })
const table = new Map([['ada', await hasher.hash('lovelace')]])
const auth = authentication({ login: form({ validate: passwordTable(table, { passwords: hasher }) }) })

function open(_request, response) {
  response.setHeader('Content-Type', 'application/json')
  response.end(answerText)
}

const routes = { '/open': open, '/cheap': open, '/login': protect(auth.require('login'), open) }
const server = createServer((request, response) => routes[request.url](request, response))
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => report(server.address().port))
