// The showcase: every provider and combinator on a plain node:http server. Run it by `npm start`.
import { createServer } from 'node:http'
import { createAccountRoutes } from './account-routes.ts'
import { createApp } from './app.ts'
import { createAuth } from './auth.ts'
import { createDirectory, type Directory } from './ldap.ts'
import { Live } from './live.ts'
import { createMcpRoutes } from './mcp.ts'
import { openNeighbour } from './neighbour.ts'
import { createOauth1Routes } from './oauth1.ts'
import { curlLine } from './page.ts'
import { createRoutes, type Route } from './routes.ts'
import { createSessions } from './sessions.ts'
import { openSigningKey } from './signing-key.ts'
import { createSso } from './sso.ts'
import { createSsoRoutes } from './sso-routes.ts'
import { dataFolder, openStores } from './stores.ts'
import { createTokenRoutes } from './token-routes.ts'
import { createTokens } from './tokens.ts'

const host = '127.0.0.1'
const graceMilliseconds = 500
const sweepMilliseconds = 600_000

const port = portFrom(process.env.PORT || '3000')
const stores = await openStores(process.env).catch((error: Error) => fail(`No store: ${error.message}`))
const key = await openSigningKey(dataFolder(process.env)).catch((error: Error) => fail(`No key: ${error.message}`))
const live = new Live()
const sessions = createSessions(stores)
const directory = openDirectory()
const neighbours = { oauth1: await openNeighbour(host), sso: await openNeighbour(host) }
const server = createServer()
const sweeping = setInterval(sweep, sweepMilliseconds)

server.once('error', (error) => {
  const taken = 'code' in error && error.code === 'EADDRINUSE'
  fail(taken ? `Port ${port} is taken. Choose another one: PORT=3001 npm start` : `The server failed: ${error.message}`)
})
server.listen(port, host, begin)
process.once('SIGTERM', stop)
process.once('SIGINT', stop)

/** Tokens name their issuer and their audience, so that nothing is made before the port is known. */
function begin(): void {
  const address = server.address()
  const base = `http://${host}:${typeof address === 'object' ? address?.port : port}`
  const tokens = createTokens(base, key, stores)
  const auth = createAuth(live.listener, sessions, tokens)
  const routes = [
    ...createRoutes(auth),
    ...createAccountRoutes(auth, sessions),
    ...createTokenRoutes(auth, tokens, live),
    ...createMcpRoutes(auth, tokens),
    ...createOauth1Routes(base, neighbours.oauth1, live.listener),
    ...createSsoRoutes(createSso(base, neighbours.sso, stores, live.listener)),
    ...(directory?.routes ?? []),
  ]
  server.on('request', createApp(routes, live))
  announce(routes, base)
}

function openDirectory(): Directory | undefined {
  try {
    return createDirectory(process.env, live.listener)
  } catch (error) {
    return fail(`No directory: ${error instanceof Error ? error.message : 'it cannot be used'}`)
  }
}

function announce(routes: readonly Route[], base: string): void {
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
  server.close(() => {
    directory?.close()
    stores.close()
  })
  const servers = [server, neighbours.oauth1.server, neighbours.sso.server]
  for (const neighbour of servers.slice(1)) neighbour.close()
  setTimeout(() => {
    for (const one of servers) one.closeAllConnections()
  }, graceMilliseconds).unref()
}

function portFrom(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN
  return port <= 65_535 ? port : fail('PORT must be a whole number from 0 to 65535; 0 takes any free port.')
}

function fail(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}
