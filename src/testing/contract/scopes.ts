import { authentication } from '../../core/authentication.ts'
import { answers, type ContractCase, equal, field, idOf, lines, refuses, route, served } from './kit.ts'
import { bearer, keyLike, saying, slowBearer, token } from './providers.ts'

/** Stacked scopes: rules 1 and 9. */
export function scopeCases(): readonly ContractCase[] {
  return [
    served(
      'lets through two stacked scopes only who passes both',
      () => {
        const auth = authentication({ key: keyLike(), api: bearer() })
        return [route([auth.require('key'), auth.require('api')])]
      },
      async (ask) => {
        answers(await ask('/', { headers: [token('ada'), ['X-API-Key', 'till']] }), 200, 'authenticated api ada')
        refuses(await ask('/', { headers: [token('ada')] }), 401)
        refuses(await ask('/', { headers: [['X-API-Key', 'till']] }), 401)
      },
    ),
    served(
      'lets an inner scope narrow the outer one',
      () => {
        const auth = authentication({ api: slowBearer() })
        return [route([auth.optional('api'), auth.allow('api', ({ id }) => id === 'ada')])]
      },
      async (ask) => {
        answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada')
        refuses(await ask('/', { headers: [token('bob')] }), 403)
        refuses(await ask('/'), 401)
      },
    ),
    served(
      'does not let an inner scope widen the outer one',
      () => {
        const auth = authentication({ api: bearer() })
        return [route([auth.require('api'), auth.attempt('api')])]
      },
      async (ask) => refuses(await ask('/'), 401),
    ),
    served(
      'gives the handler the answer of the innermost scope',
      () => {
        const auth = authentication({ api: bearer() })
        const named = auth.map('api', ({ id }) => ({ id: `${id} the first` }))
        return [route([named, auth.require('api')]), route([auth.require('api'), named], { path: '/named' })]
      },
      async (ask) => {
        answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada')
        answers(await ask('/named', { headers: [token('ada')] }), 200, 'authenticated api ada the first')
      },
    ),
    ...[false, true].map((later) => {
      let runs = 0
      return served(
        `runs a provider once for a request with three scopes${later ? ', when it answers later' : ''}`,
        () => {
          const verdict = { principal: { id: 'ada' } }
          const counting = saying(() => {
            runs++
            return later ? Promise.resolve(verdict) : verdict
          })
          const auth = authentication({ x: counting })
          return [route([auth.optional('x'), auth.require('x'), auth.allow('x', (person) => idOf(person) === 'ada')])]
        },
        async (ask) => {
          runs = 0
          answers(await ask('/'), 200, 'authenticated x ada')
          equal(runs, 1, 'runs of the provider')
          answers(await ask('/'), 200, 'authenticated x ada')
          equal(runs, 2, 'runs of the provider for two requests')
        },
      )
    }),
    served(
      'sends the header fields of an accepted outer scope only when the inner one accepts',
      () => {
        const api = bearer({ onAccept: [['X-Accepted', 'yes']], always: [['X-Always', 'yes']] })
        const auth = authentication({ api, key: keyLike() })
        return [route([auth.require('api'), auth.require('key')])]
      },
      async (ask) => {
        const accepted = await ask('/', { headers: [token('ada'), ['X-API-Key', 'till']] })
        equal([lines(accepted, 'x-accepted'), lines(accepted, 'x-always')], [['yes'], ['yes']], 'fields when accepted')
        const refused = await ask('/', { headers: [token('ada')] })
        refuses(refused, 401)
        equal([lines(refused, 'x-accepted'), lines(refused, 'x-always')], [[], ['yes']], 'fields when refused')
      },
    ),
    served(
      'sends the header fields of a provider once, however many scopes name it',
      () => {
        const auth = authentication({
          api: slowBearer({ onAccept: [['X-Accepted', 'yes']], always: [['Set-Cookie', 'seen=1']] }),
        })
        return [route([auth.require('api'), auth.optional('api'), auth.require('api')])]
      },
      async (ask) => {
        const response = await ask('/', { headers: [token('ada')] })
        answers(response, 200, 'authenticated api ada')
        equal(lines(response, 'x-accepted'), ['yes'], 'X-Accepted')
        equal(lines(response, 'set-cookie'), ['seen=1'], 'Set-Cookie')
      },
    ),
    served(
      'stacks scopes of two registries',
      () => {
        const outer = authentication({ key: keyLike() })
        const inner = authentication({ api: bearer({ always: [['X-Always', 'inner']] }) })
        return [route([outer.require('key'), inner.require('api')])]
      },
      async (ask) => {
        const response = await ask('/', { headers: [token('ada'), ['X-API-Key', 'till']] })
        answers(response, 200, 'authenticated api ada')
        equal(field(response, 'x-always'), 'inner', 'X-Always')
        refuses(await ask('/', { headers: [token('ada')] }), 401)
        refuses(await ask('/', { headers: [['X-API-Key', 'till']] }), 401)
      },
    ),
  ]
}
