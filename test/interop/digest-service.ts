import { once } from 'node:events'
import { createServer } from 'node:http'
import { authentication } from 'becauth'
import { type DigestOptions, digest } from 'becauth/digest'
import { protect } from 'becauth/node'
import { parseAuthorization } from 'becauth/wire'

/** One request that the service answered, in the order of the answers. */
export interface Exchange {
  readonly path: string
  readonly status: number
  /** Without one: `undefined`. */
  readonly algorithm: string | undefined
  readonly nc: string | undefined
  readonly stale: boolean
  readonly info: boolean
}

export interface DigestService {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** What was answered since this was called last. */
  exchanges(): readonly Exchange[]
  stop(): Promise<void>
}

const passwords = new Map([
  ['ada', 'lovelace'],
  ['Jäsøn', 'Sécret'],
])

/** Browsers ask for an icon otherwise, at a time of their own, and count it. */
const noIcon = '<!doctype html><link rel="icon" href="data:,"><title>becauth</title>'

/**
 * Starts a service that `digest()` guards. `/age` makes all nonces too old after its answer, `/redirect` leads to `/second`.
 */
export async function startDigestService(options: Partial<DigestOptions> = {}): Promise<DigestService> {
  let now = Date.now() / 1000
  let exchanges: Exchange[] = []
  const device = digest({ realm: 'becauth', secret: (name) => passwords.get(name) ?? null, ...options })
  const auth = authentication({ device }, { clock: () => now })
  const guarded = protect(auth.require('device'), (request, response, { principal: { name } }) => {
    if (request.url === '/redirect') response.writeHead(302, { Location: '/second' }).end()
    else response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`${noIcon}${name}`)
    if (request.url === '/age') now += 400
  })
  const server = createServer((request, response) => {
    response.once('finish', () => {
      const parameters = parseAuthorization(request.headers.authorization ?? '')?.parameters
      exchanges.push({
        path: request.url ?? '',
        status: response.statusCode,
        algorithm: parameters?.get('algorithm'),
        nc: parameters?.get('nc'),
        stale: String(response.getHeader('www-authenticate')).includes('stale=true'),
        info: response.hasHeader('authentication-info'),
      })
    })
    return guarded(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the service has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    exchanges: () => {
      const seen = exchanges
      exchanges = []
      return seen
    },
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
