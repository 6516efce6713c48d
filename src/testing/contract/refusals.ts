import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from '../../core/cause.ts'
import {
  answers,
  type ContractCase,
  challenges,
  ensure,
  equal,
  field,
  inBothStyles,
  mediaType,
  refuses,
  route,
  served,
} from './kit.ts'
import { basicLike, bearer, cookieLike, keyLike, saying, token, wrong } from './providers.ts'

/** What a refusal looks like on the wire. */
export function refusalCases(): readonly ContractCase[] {
  return [...statusCases(), ...challengeCases(), ...documentCases()]
}

function statusCases(): readonly ContractCase[] {
  return [
    served(
      'answers 400 with a challenge when a bearer request breaks the grammar',
      () => [route(authentication({ api: bearer() }).require('api'))],
      async (ask, subject) => {
        const response = await ask('/', { headers: [['Authorization', 'Bearer two words']] })
        refuses(response, 400)
        challenges(response, subject, ['Bearer realm="api"'])
      },
    ),
    ...inBothStyles('answers 403 without a challenge when allow() denies', (style, title) =>
      served(
        title,
        () => [
          route(
            authentication({ api: bearer() }).allow('api', ({ id }) => id === 'ada'),
            { style },
          ),
        ],
        async (ask) => {
          answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada')
          const response = await ask('/', { headers: [token('bob')] })
          refuses(response, 403)
          equal(field(response, 'www-authenticate'), undefined, 'WWW-Authenticate of a 403')
        },
      ),
    ),
    served(
      'answers 413 without a challenge for a body that is too large',
      () => [route(authentication({ x: saying(() => ({ cause: invalidCredentials('too-large') })) }).require('x'))],
      async (ask) => {
        const response = await ask('/')
        refuses(response, 413)
        equal(field(response, 'www-authenticate'), undefined, 'WWW-Authenticate of a 413')
      },
    ),
    served(
      'answers 429 with Retry-After in whole seconds when throttled',
      () => {
        const cause = invalidCredentials('throttled', { retryAfterSeconds: 29.5 })
        return [route(authentication({ x: saying(() => ({ cause })) }).require('x'))]
      },
      async (ask) => {
        const response = await ask('/')
        refuses(response, 429)
        equal(field(response, 'retry-after'), '30', 'Retry-After')
        equal(field(response, 'www-authenticate'), undefined, 'WWW-Authenticate of a 429')
      },
    ),
    ...inBothStyles('answers 503 with Retry-After and no challenge when a provider could not decide', (style, title) =>
      served(
        title,
        () => {
          const cause = new AuthenticationFailedCause.Error('the directory is down', { retryAfterSeconds: 7 })
          return [
            route(authentication({ x: saying(async () => ({ cause })), api: bearer() }).anyOf('x', 'api'), { style }),
          ]
        },
        async (ask) => {
          const response = await ask('/')
          refuses(response, 503)
          equal(field(response, 'retry-after'), '7', 'Retry-After')
          equal(field(response, 'www-authenticate'), undefined, 'WWW-Authenticate of a 503')
          ensure(!response.body.includes('directory'), 'the message of an Error must not be sent')
        },
      ),
    ),
    served(
      'keeps cookies untouched while it cannot be decided',
      () => {
        const cause = new AuthenticationFailedCause.Error('the store is down')
        const always = [
          ['Set-Cookie', 'sid=; Max-Age=0'],
          ['X-Always', 'yes'],
        ] as const
        return [route(authentication({ x: saying(() => ({ cause, always })) }).require('x'))]
      },
      async (ask) => {
        const response = await ask('/')
        refuses(response, 503)
        equal(field(response, 'set-cookie'), undefined, 'Set-Cookie of a 503')
        equal(field(response, 'x-always'), 'yes', 'X-Always')
      },
    ),
  ]
}

function challengeCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('sends the challenges of all providers', (style, title) =>
      served(
        title,
        () => [route(authentication({ staff: basicLike(), api: bearer() }).anyOf('staff', 'api'), { style })],
        async (ask, subject) => {
          const response = await ask('/')
          refuses(response, 401)
          challenges(response, subject, ['Basic realm="staff", charset="UTF-8"', 'Bearer realm="api"'])
        },
      ),
    ),
    served(
      'sends the challenge of the provider whose credential was wrong first',
      () => [route(authentication({ staff: basicLike(), api: bearer() }).anyOf('staff', 'api'))],
      async (ask, subject) => {
        const response = await ask('/', { headers: [token(wrong)] })
        refuses(response, 401)
        challenges(response, subject, [
          'Bearer realm="api", error="invalid_token"',
          'Basic realm="staff", charset="UTF-8"',
        ])
      },
    ),
    served(
      'sends registered schemes before others where field lines may be joined',
      () => [route(authentication({ key: keyLike(), staff: basicLike() }).anyOf('key', 'staff'))],
      async (ask, subject) => {
        const response = await ask('/', { headers: [['X-API-Key', wrong]] })
        refuses(response, 401)
        const [key, basic] = ['ApiKey realm="keys"', 'Basic realm="staff", charset="UTF-8"']
        challenges(response, subject, [key, basic], [basic, key])
      },
    ),
    served(
      'sends a challenge with every 401',
      () => {
        const auth = authentication({
          api: bearer(),
          web: cookieLike(),
          final: saying(() => ({ cause: new AuthenticationFailedCause.Error('said no', { retryable: false }) })),
          unsendable: saying(() => ({
            cause: AuthenticationFailedCause.InvalidCredentials,
            challenges: [{ scheme: '' }],
          })),
          silent: saying(() => Object.create(null)),
        })
        return auth.names.map((name) => route(auth.require(name), { path: `/${name}` }))
      },
      async (ask) => {
        for (const name of ['api', 'web', 'final', 'unsendable', 'silent']) {
          const response = await ask(`/${name}`)
          refuses(response, 401)
          ensure(field(response, 'www-authenticate') !== undefined, `no challenge for "${name}"`)
        }
      },
    ),
  ]
}

function documentCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('answers a problem document with nothing but type, title and status', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: bearer() }).require('api'), { style })],
        async (ask) => {
          const response = await ask('/')
          equal(mediaType(response), 'application/problem+json', 'media type')
          equal(response.body, '{"type":"about:blank","title":"Unauthorized","status":401}', 'body')
        },
      ),
    ),
    served(
      'answers a page to a client that would rather have HTML',
      () => [route(authentication({ api: bearer() }).require('api'))],
      async (ask) => {
        const response = await ask('/', { headers: [['Accept', 'text/html,application/json;q=0.5']] })
        equal(response.status, 401, 'status')
        equal(field(response, 'content-type'), 'text/html; charset=utf-8', 'Content-Type')
        ensure(response.body.includes('<h1>401 Unauthorized</h1>'), 'the body must be the page of the status')
      },
    ),
    ...inBothStyles('refuses HEAD with the header fields of GET and without a body', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: bearer() }).require('api'), { style })],
        async (ask, subject) => {
          const response = await ask('/', { method: 'HEAD' })
          equal([response.status, response.body], [401, ''], 'status and body')
          equal(mediaType(response), 'application/problem+json', 'media type')
          challenges(response, subject, ['Bearer realm="api"'])
        },
      ),
    ),
    served(
      'lets an authenticated HEAD through without a body',
      () => [route(authentication({ api: bearer() }).require('api'))],
      async (ask) => answers(await ask('/', { method: 'HEAD', headers: [token('ada')] }), 200, ''),
    ),
    ...inBothStyles(
      'redirects a navigation, with 302 after GET and 303 after POST, without a challenge',
      (style, title) =>
        served(
          title,
          () => {
            const auth = authentication({ web: cookieLike({ override: () => ({ redirect: '/login' }) }) })
            return [route(auth.require('web'), { style }), route(auth.require('web'), { style, method: 'POST' })]
          },
          async (ask) => {
            const navigation = [
              ['Sec-Fetch-Mode', 'navigate'],
              ['Sec-Fetch-Dest', 'document'],
            ] as const
            for (const [method, status] of [
              ['GET', 302],
              ['POST', 303],
            ] as const) {
              const response = await ask('/', { method, headers: navigation })
              answers(response, status, '')
              equal(field(response, 'location'), '/login', 'Location')
              equal(field(response, 'www-authenticate'), undefined, 'WWW-Authenticate of a redirect')
            }
            refuses(await ask('/'), 401)
          },
        ),
    ),
    served(
      'answers a navigation with a page of the provider and its challenge',
      () => {
        const web = cookieLike({ override: () => ({ page: '<h1>Log in</h1>' }) })
        return [route(authentication({ web, api: bearer() }).anyOf('web', 'api'))]
      },
      async (ask, subject) => {
        const response = await ask('/', { headers: [['Accept', 'text/html']] })
        answers(response, 401, '<h1>Log in</h1>')
        equal(mediaType(response), 'text/html', 'media type')
        challenges(response, subject, ['Session realm="web"'])
      },
    ),
  ]
}
