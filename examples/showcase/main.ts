// The showcase: every provider and combinator on a plain node:http server. Run it by `npm start`.
import { createServer } from 'node:http'
import { createAccountRoutes } from './account-routes.ts'
import { createApp } from './app.ts'
import { createAuth } from './auth.ts'
import { Live } from './live.ts'
import { curlLine } from './page.ts'
import { createRoutes } from './routes.ts'
import { createSessions } from './sessions.ts'
import { openStores } from './stores.ts'

const host = '127.0.0.1'
const graceMilliseconds = 500
const sweepMilliseconds = 600_000

const port = portFrom(process.env.PORT || '3000')
const stores = await openStores(process.env).catch((error: Error) => fail(`No store: ${error.message}`))
const live = new Live()
const sessions = createSessions(stores)
const auth = createAuth(live.listener, sessions)
const routes = [...createRoutes(auth), ...createAccountRoutes(auth, sessions)]
const server = createServer(createApp(routes, live))
const sweeping = setInterval(sweep, sweepMilliseconds)

server.once('error', (error) => {
  const taken = 'code' in error && error.code === 'EADDRINUSE'
  fail(taken ? `Port ${port} is taken. Choose another one: PORT=3001 npm start` : `The server failed: ${error.message}`)
})
server.listen(port, host, announce)
process.once('SIGTERM', stop)
process.once('SIGINT', stop)

function announce(): void {
  const address = server.address()
  const base = `http://${host}:${typeof address === 'object' ? address?.port : port}`
  const tried = routes.filter(({ path }) => ['/basic', '/any', '/admin'].includes(path))
  const lines = tried.map((route) => `  ${curlLine(route, base)}`)
  console.log(`becauth showcase: ${base}\n\nTry:\n${lines.join('\n')}`)
}

/** Drops what is over; what cannot be dropped now can be later. */
function sweep(): void {
  sessions.sweep().catch((error: Error) => console.error(`sweep: ${error.message}`))
}

/** Lets requests under way finish, within reason. */
function stop(): void {
  live.end()
  clearInterval(sweeping)
  server.close(() => stores.close())
  setTimeout(() => server.closeAllConnections(), graceMilliseconds).unref()
}

function portFrom(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535 ? port : fail('PORT must be a whole number from 0 to 65535; 0 takes any free port.')
}

function fail(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}
