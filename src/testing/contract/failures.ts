import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause, invalidCredentials } from '../../core/cause.ts'
import {
  answers,
  type ContractCase,
  ensure,
  equal,
  field,
  inBothStyles,
  refuses,
  route,
  served,
  signalled,
  soon,
} from './kit.ts'
import { bearer, cookieLike, formLike, keyLike, saying, token } from './providers.ts'

/** What goes wrong: nobody gets in, nobody gets a 500, nothing leaks. */
export function failureCases(): readonly ContractCase[] {
  return [...brokenCases(), ...disconnectCases(), ...leakCases()]
}

function brokenCases(): readonly ContractCase[] {
  const thrown = (): never => {
    throw new Error('the provider is broken')
  }
  return [
    ...inBothStyles('answers 503 when a provider throws, at once or later', (style, title) =>
      served(
        title,
        () => {
          const auth = authentication({ now: saying(thrown), later: saying(async () => thrown()) })
          return auth.names.map((name) => route(auth.require(name), { style, path: `/${name}` }))
        },
        async (ask) => {
          for (const path of ['/now', '/later']) {
            const response = await ask(path)
            refuses(response, 503)
            equal(field(response, 'retry-after'), '5', 'Retry-After')
          }
        },
      ),
    ),
    ...inBothStyles('answers 503 when a provider does not answer in time, and tells it', (style, title) => {
      const told = signalled()
      return served(
        title,
        () => {
          const x = saying(({ signal }) => {
            signal.addEventListener('abort', told.fulfil)
            return new Promise(() => undefined)
          })
          return [route(authentication({ x }, { timeoutSeconds: 0.05 }).require('x'), { style })]
        },
        async (ask) => {
          refuses(await ask('/'), 503)
          await soon(told.promise, 'the signal of a provider that took too long')
        },
      )
    }),
    served(
      'refuses when a provider answers nothing at all',
      () => {
        const nothing = saying(() => JSON.parse('null'))
        return [route(authentication({ nothing }).require('nothing'))]
      },
      async (ask) => refuses(await ask('/'), 401),
    ),
    served(
      'refuses when a provider answers something that is not a verdict',
      () => {
        const auth = authentication({
          truth: saying(() => JSON.parse('true')),
          bare: saying(() => JSON.parse('{"principal":"ada"}')),
          odd: saying(() => JSON.parse('{"cause":"because"}')),
        })
        return auth.names.map((name) => route(auth.require(name), { path: `/${name}` }))
      },
      async (ask) => {
        for (const [path, status] of [
          ['/truth', 401],
          ['/bare', 503],
          ['/odd', 503],
        ] as const)
          refuses(await ask(path), status)
      },
    ),
    served(
      'refuses when select() chooses nothing or throws',
      () => {
        const auth = authentication({ api: bearer() })
        return [route(auth.select(() => null)), route(auth.select(thrown), { path: '/throws' })]
      },
      async (ask) => {
        refuses(await ask('/', { headers: [token('ada')] }), 503)
        refuses(await ask('/throws', { headers: [token('ada')] }), 503)
      },
    ),
  ]
}

function disconnectCases(): readonly ContractCase[] {
  return inBothStyles('does not run the handler for a client that has gone', (style, title) => {
    const noticed = signalled()
    let runs = 0
    return served(
      title,
      () => {
        const x = saying(
          ({ signal }) =>
            new Promise((resolve) => {
              signal.addEventListener('abort', () => {
                resolve({ principal: { id: 'ada' } })
                noticed.fulfil()
              })
            }),
        )
        const handler = () => {
          runs++
          return { body: 'handler' }
        }
        const auth = authentication({ x, api: bearer() }, { timeoutSeconds: 20 })
        return [route(auth.require('x'), { style, handler }), route(auth.require('api'), { style, path: '/next' })]
      },
      async (ask) => {
        await ask('/', { abortAfterMs: 30 }).then(
          () => {
            throw new Error('the client hung up and got an answer')
          },
          () => undefined,
        )
        await soon(noticed.promise, 'the signal of a request whose client has gone')
        answers(await ask('/next', { headers: [token('ada')] }), 200, 'authenticated api ada')
        equal(runs, 0, 'runs of the handler')
      },
    )
  })
}

function leakCases(): readonly ContractCase[] {
  const secret = 'canary-7f3a'
  return [
    served(
      'lets no secret of a request or an error into an answer',
      () => {
        const auth = authentication({
          api: bearer(),
          key: keyLike(),
          web: cookieLike(),
          form: formLike(1000),
          throwing: saying(() => {
            throw new Error(secret)
          }),
          wrong: saying(() => ({ cause: invalidCredentials('wrong-secret', { detail: secret }) })),
          final: saying(() => ({ cause: new AuthenticationFailedCause.Error(secret, { retryable: false }) })),
          odd: saying(() => ({
            cause: AuthenticationFailedCause.InvalidCredentials,
            challenges: [{ scheme: `${secret}\n` }],
          })),
        })
        const all = auth.allow(auth.anyOf('api', 'key', 'web', 'form'), () => false)
        const more = { method: 'POST' }
        return [
          route(all, { ...more, path: '/all' }),
          ...auth.names.map((name) => route(auth.require(name), { ...more, path: `/${name}` })),
        ]
      },
      async (ask) => {
        const headers = [
          ['Authorization', `Bearer ${secret} ${secret}`],
          ['X-API-Key', secret],
          ['Cookie', `sid=${secret}; sid=${secret}`],
          ['Content-Type', 'application/x-www-form-urlencoded'],
          ['Origin', `https://${secret}.example`],
        ] as const
        for (const path of ['/all', '/api', '/web', '/throwing', '/wrong', '/final', '/odd']) {
          const response = await ask(`${path}?token=${secret}`, { method: 'POST', headers, body: `password=${secret}` })
          ensure(response.status >= 400 && response.status !== 500, `${path} answered ${response.status}`)
          const said = [response.body, ...response.rawHeaders.flat()].join('\n')
          ensure(!said.toLowerCase().includes(secret), `the answer of ${path} has a secret in it`)
        }
      },
    ),
  ]
}
