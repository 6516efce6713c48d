import { authentication } from '../../core/authentication.ts'
import { isCorsPreflight } from '../../core/navigation.ts'
import type { Who } from '../../core/who.ts'
import { answers, type ContractCase, inBothStyles, refuses, route, served } from './kit.ts'
import { bearer, keyLike, slowBearer, token, wrong } from './providers.ts'

/** Who gets through, and what the handler is told. */
export function outcomeCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('lets a right credential through to the handler', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: bearer() }).require('api'), { style })],
        async (ask) => answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada'),
      ),
    ),
    ...inBothStyles('lets a right credential through when the provider answers later', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: slowBearer() }).require('api'), { style })],
        async (ask) => answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada'),
      ),
    ),
    ...inBothStyles('refuses a request without credentials and does not run the handler', (style, title) => {
      let runs = 0
      const handler = () => {
        runs++
        return { body: 'handler' }
      }
      return served(
        title,
        () => [route(authentication({ api: bearer() }).require('api'), { style, handler })],
        async (ask) => {
          refuses(await ask('/'), 401)
          if (runs > 0) throw new Error('the handler ran for a refused request')
        },
      )
    }),
    ...inBothStyles('refuses a wrong credential also when the provider answers later', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: slowBearer() }).require('api'), { style })],
        async (ask) => refuses(await ask('/', { headers: [token(wrong)] }), 401),
      ),
    ),
    ...inBothStyles('tells the handler everything about who is there', (style, title) =>
      served(
        title,
        () => {
          const auth = authentication({ key: keyLike(), api: bearer({ expiresAt: 4_102_444_800 }) })
          return [route(auth.anyOf('key', 'api'), { style, handler: (who) => ({ body: everything(who) }) })]
        },
        async (ask) =>
          answers(
            await ask('/', { headers: [token('ada')] }),
            200,
            '{"kind":"authenticated","provider":"api","principals":{"api":{"id":"ada"}},"failures":["key NoCredentials"],' +
              '"expiresAt":4102444800}',
          ),
      ),
    ),
    served(
      'gives the handler all principals of an allOf, the first as its principal',
      () => {
        const auth = authentication({ key: keyLike(), api: slowBearer() })
        return [route(auth.allOf('key', 'api'), { handler: (who) => ({ body: everything(who) }) })]
      },
      async (ask) =>
        answers(
          await ask('/', { headers: [token('ada'), ['X-API-Key', 'till']] }),
          200,
          '{"kind":"authenticated","provider":"key","principals":{"key":{"id":"till"},"api":{"id":"ada"}},"failures":[]}',
        ),
    ),
    ...inBothStyles('lets a request without credentials through an optional as anonymous', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: bearer() }).optional('api'), { style })],
        async (ask) => {
          answers(await ask('/'), 200, 'anonymous')
          answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada')
          refuses(await ask('/', { headers: [token(wrong)] }), 401)
        },
      ),
    ),
    ...inBothStyles('goes on after an attempt and hands the handler the refusal', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: slowBearer() }).attempt('api'), { style })],
        async (ask) => {
          answers(await ask('/', { headers: [token(wrong)] }), 200, 'anonymous refused 401')
          answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada')
        },
      ),
    ),
    served(
      'skips a requirement for a CORS preflight and for nothing else',
      () => {
        const skipping = authentication({ api: bearer() }).skipWhen(isCorsPreflight, 'api')
        return [route(skipping, { method: 'OPTIONS' }), route(skipping, { path: '/other' })]
      },
      async (ask) => {
        const preflight = [
          ['Origin', 'https://app.example'],
          ['Access-Control-Request-Method', 'POST'],
        ] as const
        answers(await ask('/', { method: 'OPTIONS', headers: preflight }), 200, 'anonymous skipped')
        refuses(await ask('/', { method: 'OPTIONS' }), 401)
        refuses(await ask('/other', { headers: preflight }), 401)
      },
    ),
    ...inBothStyles('lets the handler choose status and header fields', (style, title) =>
      served(
        title,
        () => [
          route(authentication({ api: bearer() }).require('api'), {
            style,
            handler: (_who, io) => {
              io.setHeader('X-Handler', io.header('x-asked') ?? 'nothing')
              return { status: 202, body: 'later' }
            },
          }),
        ],
        async (ask) => {
          const response = await ask('/', { headers: [token('ada'), ['X-Asked', 'this']] })
          answers(response, 202, 'later')
          const set = response.rawHeaders.find(([name]) => name.toLowerCase() === 'x-handler')
          if (set?.[1] !== 'this') throw new Error('the header field of the handler was lost')
        },
      ),
    ),
  ]
}

function everything({ kind, provider, principals, failures, ...rest }: Who): string {
  const expiresAt = 'expiresAt' in rest ? rest.expiresAt : undefined
  const failed = failures.map(({ provider: name, cause }) => `${name} ${cause.kind}`)
  return JSON.stringify({ kind, provider, principals, failures: failed, expiresAt })
}
