import { authentication } from '../../core/authentication.ts'
import type { HeaderField } from '../../core/request.ts'
import {
  answers,
  type ContractCase,
  challenges,
  ensure,
  equal,
  idOf,
  inBothStyles,
  refuses,
  route,
  served,
} from './kit.ts'
import { basicLike, bearer, cookieLike, keyLike, saying, slowBearer, token } from './providers.ts'

/** What of the request reaches the decision. */
export function requestCases(): readonly ContractCase[] {
  return [...headerCases(), ...originCases(), ...targetCases()]
}

function headerCases(): readonly ContractCase[] {
  return [
    served(
      'reads field names and schemes in any case',
      () => [route(authentication({ api: bearer() }).require('api'))],
      async (ask) => {
        for (const name of ['AUTHORIZATION', 'authorization', 'aUTHORIZATION']) {
          answers(await ask('/', { headers: [[name, 'bEARER ada']] }), 200, 'authenticated api ada')
        }
      },
    ),
    ...inBothStyles('refuses a request with two Authorization lines, whichever is right', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: bearer() }).require('api'), { style })],
        async (ask) => {
          refuses(await ask('/', { headers: [token('ada'), token('bob')] }), 400)
          refuses(await ask('/', { headers: [token('ada'), token('ada')] }), 400)
          refuses(await ask('/', { headers: [token('ada'), ['authorization', 'Basic YQ==']] }), 400)
          refuses(await ask('/', { headers: [['authorization', 'Basic YQ=='], token('ada')] }), 401)
        },
      ),
    ),
    served(
      'reads a key that comes twice as one joined value',
      () => [route(authentication({ key: keyLike() }).require('key'))],
      async (ask) =>
        answers(
          await ask('/', {
            headers: [
              ['X-API-Key', 'one'],
              ['x-api-key', 'two'],
            ],
          }),
          200,
          'authenticated key one, two',
        ),
    ),
    served(
      'reads cookies from several lines',
      () => [route(authentication({ web: cookieLike() }).require('web'))],
      async (ask) => {
        const lines: readonly HeaderField[] = [
          ['Cookie', 'a=1; b=2'],
          ['Cookie', 'sid=ada'],
          ['Cookie', 'c=3'],
        ]
        answers(await ask('/', { headers: lines }), 200, 'authenticated web ada')
      },
    ),
    served(
      'refuses a credential cookie that comes twice, on two lines as well',
      () => [route(authentication({ web: cookieLike() }).require('web'))],
      async (ask) => {
        refuses(await ask('/', { headers: [['Cookie', 'sid=ada; sid=bob']] }), 401)
        refuses(
          await ask('/', {
            headers: [
              ['Cookie', 'sid=ada'],
              ['Cookie', 'sid=bob'],
            ],
          }),
          401,
        )
      },
    ),
    served(
      'knows nothing of fields that the request does not have',
      () => {
        const x = saying(({ request }) => ({
          principal: { id: `${request.header('x-none')} ${request.header('cookie')}` },
        }))
        return [route(authentication({ x }).require('x'))]
      },
      async (ask) => answers(await ask('/'), 200, 'authenticated x undefined undefined'),
    ),
  ]
}

function originCases(): readonly ContractCase[] {
  const cookie: HeaderField = ['Cookie', 'sid=ada']
  const web = (style: 'authenticate' | 'protect') => [
    route(authentication({ web: cookieLike() }).require('web'), { style, method: 'POST' }),
  ]
  return [
    ...inBothStyles('refuses a cookie that another site made a browser send', (style, title) =>
      served(
        title,
        () => web(style),
        async (ask, subject) => {
          for (const headers of [
            [cookie, ['Origin', 'https://evil.example']],
            [cookie, ['Sec-Fetch-Site', 'cross-site']],
            [cookie, ['Sec-Fetch-Site', 'same-site']],
            [cookie],
          ] as const) {
            const response = await ask('/', { method: 'POST', headers })
            refuses(response, 403)
            challenges(response, subject, [])
          }
        },
      ),
    ),
    served(
      'accepts a cookie of its own pages',
      () => web('authenticate'),
      async (ask, _subject, url) => {
        for (const field of [
          ['Origin', url],
          ['Sec-Fetch-Site', 'same-origin'],
          ['Sec-Fetch-Site', 'none'],
        ] as const) {
          answers(await ask('/', { method: 'POST', headers: [cookie, field] }), 200, 'authenticated web ada')
        }
      },
    ),
    served(
      'accepts a Basic credential of a tool that says nothing of its origin, and none of another site',
      () => [route(authentication({ staff: basicLike() }).require('staff'), { method: 'POST' })],
      async (ask) => {
        const basic: HeaderField = ['Authorization', 'Basic YQ==']
        answers(await ask('/', { method: 'POST', headers: [basic] }), 200, 'authenticated staff YQ==')
        refuses(await ask('/', { method: 'POST', headers: [basic, ['Origin', 'https://evil.example']] }), 403)
      },
    ),
  ]
}

function targetCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('shows providers method, target and URL as the client sent them', (style, title) =>
      served(
        title,
        () => {
          const x = saying(({ request: { method, target, url } }) => ({
            principal: { id: `${method} ${target} ${url.href}` },
          }))
          return [route(authentication({ x }).require('x'), { style, path: '/orders' })]
        },
        async (ask, _subject, url) => {
          const target = '/orders?a=1&b=%2F%3F&c&a=2&d=%E2%82%AC+x'
          answers(await ask(target), 200, `authenticated x GET ${target} ${url}${target}`)
        },
      ),
    ),
    ...inBothStyles('keeps the principals of parallel requests apart', (style, title) =>
      served(
        title,
        () => [
          route(authentication({ api: slowBearer() }).require('api'), {
            style,
            handler: async (who, io) => {
              await Promise.resolve()
              return { body: `${idOf(who.principal ?? {})} ${io.header('authorization')}` }
            },
          }),
        ],
        async (ask) => {
          const names = Array.from({ length: 20 }, (_, index) => `user${index}`)
          const bodies = await Promise.all(names.map(async (name) => (await ask('/', { headers: [token(name)] })).body))
          equal(
            bodies,
            names.map((name) => `${name} Bearer ${name}`),
            'bodies',
          )
        },
      ),
    ),
    served(
      'runs a provider again for the next request',
      () => {
        let runs = 0
        const x = saying(() => {
          runs++
          return { principal: { id: `run ${runs}` } }
        })
        return [route(authentication({ x }).require('x'))]
      },
      async (ask) => {
        answers(await ask('/'), 200, 'authenticated x run 1')
        answers(await ask('/'), 200, 'authenticated x run 2')
      },
    ),
    served(
      'tells providers nothing of the client that no proxy may say',
      () => {
        const x = saying(({ request }) => ({ principal: { id: `${request.peer.address} ${request.url.protocol}` } }))
        return [route(authentication({ x }).require('x'))]
      },
      async (ask) => {
        const { body } = await ask('/', {
          headers: [
            ['X-Forwarded-For', '10.9.8.7'],
            ['X-Forwarded-Proto', 'https'],
          ],
        })
        ensure(!body.includes('10.9.8.7'), 'X-Forwarded-For of an untrusted client was believed')
        ensure(body.endsWith(' http:'), 'X-Forwarded-Proto of an untrusted client was believed')
      },
    ),
  ]
}
