import { authentication } from '../../core/authentication.ts'
import type { HeaderField } from '../../core/request.ts'
import {
  answers,
  type ContractCase,
  ensure,
  equal,
  field,
  inBothStyles,
  lines,
  members,
  refuses,
  route,
  served,
} from './kit.ts'
import { bearer, cookieLike, keyLike, saying, token } from './providers.ts'

const cookie: HeaderField = ['Cookie', 'sid=ada']
const key: HeaderField = ['X-API-Key', 'till']

/** What the answer to an accepted request carries beside the handler's own. */
export function amendmentCases(): readonly ContractCase[] {
  return [...fieldCases(), ...cachingCases()]
}

function fieldCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('sends the header fields that a provider always wants, accepted or not', (style, title) =>
      served(
        title,
        () => {
          const always: readonly HeaderField[] = [
            ['Set-Cookie', 'one=1'],
            ['Set-Cookie', 'two=2'],
            ['X-Nonce', 'n'],
          ]
          const x = saying(async () => ({ principal: { id: 'ada' }, always }))
          const auth = authentication({ x, key: keyLike() })
          return [route(auth.require('x'), { style }), route(auth.allOf('x', 'key'), { style, path: '/both' })]
        },
        async (ask) => {
          const accepted = await ask('/')
          answers(accepted, 200, 'authenticated x ada')
          const refused = await ask('/both')
          refuses(refused, 401)
          for (const response of [accepted, refused]) {
            equal(lines(response, 'set-cookie'), ['one=1', 'two=2'], 'Set-Cookie field lines')
            equal(lines(response, 'x-nonce'), ['n'], 'X-Nonce')
          }
        },
      ),
    ),
    ...inBothStyles('sends header fields for accepted requests only when the whole decision passes', (style, title) =>
      served(
        title,
        () => {
          const auth = authentication({ api: bearer({ onAccept: [['X-Renewed', 'yes']] }), key: keyLike() })
          return [route(auth.allOf('api', 'key'), { style })]
        },
        async (ask) => {
          equal(
            lines(await ask('/', { headers: [token('ada'), key] }), 'x-renewed'),
            ['yes'],
            'X-Renewed when accepted',
          )
          const refused = await ask('/', { headers: [token('ada')] })
          refuses(refused, 401)
          equal(lines(refused, 'x-renewed'), [], 'X-Renewed when refused')
        },
      ),
    ),
    ...inBothStyles('asks for header fields with the status and header of the answer', (style, title) =>
      served(
        title,
        () => {
          const api = bearer({
            onAccept: ({ status, header }) => [['X-Seen', `${status} ${header('x-kind')} ${header('x-none')}`]],
          })
          return [
            route(authentication({ api }).require('api'), {
              style,
              handler: (_who, io) => {
                io.setHeader('X-Kind', 'order')
                return { status: 201, body: 'made' }
              },
            }),
          ]
        },
        async (ask) => {
          const response = await ask('/', { headers: [token('ada')] })
          answers(response, 201, 'made')
          equal(field(response, 'x-seen'), '201 order undefined', 'X-Seen')
        },
      ),
    ),
    served(
      'adds to a field of the handler, and not the same value again',
      () => {
        const always: readonly HeaderField[] = [
          ['X-Same', 'value'],
          ['X-Other', 'ours'],
          ['Set-Cookie', 'same=1'],
        ]
        return [
          route(authentication({ api: bearer({ always }) }).require('api'), {
            handler: (_who, io) => {
              io.setHeader('X-Same', 'value')
              io.setHeader('X-Other', 'theirs')
              io.setHeader('Set-Cookie', 'same=1')
              return { body: '' }
            },
          }),
        ]
      },
      async (ask) => {
        const response = await ask('/', { headers: [token('ada')] })
        equal(field(response, 'x-same'), 'value', 'X-Same')
        equal(field(response, 'x-other'), 'theirs, ours', 'X-Other')
        equal(lines(response, 'set-cookie'), ['same=1'], 'Set-Cookie')
      },
    ),
    ...inBothStyles('answers as if nothing were when onAccept throws', (style, title) =>
      served(
        title,
        () => {
          const onAccept = (): never => {
            throw new Error('onAccept is broken')
          }
          return [route(authentication({ api: bearer({ onAccept }) }).require('api'), { style })]
        },
        async (ask) => answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada'),
      ),
    ),
    served(
      'drops a header field that cannot be sent and keeps the others',
      () => {
        const always: readonly HeaderField[] = [
          ['X-Split', 'a\r\nX-Injected: yes'],
          ['X Bad', 'name'],
          ['X-Fine', 'yes'],
        ]
        const auth = authentication({ api: bearer({ always }), key: keyLike() })
        return [route(auth.require('api')), route(auth.allOf('api', 'key'), { path: '/both' })]
      },
      async (ask) => {
        const accepted = await ask('/', { headers: [token('ada')] })
        answers(accepted, 200, 'authenticated api ada')
        const refused = await ask('/both', { headers: [token('ada')] })
        refuses(refused, 401)
        for (const response of [accepted, refused]) {
          equal(
            [field(response, 'x-split'), field(response, 'x-injected')],
            [undefined, undefined],
            'unsendable fields',
          )
          equal(field(response, 'x-fine'), 'yes', 'X-Fine')
        }
      },
    ),
  ]
}

function cachingCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('leaves the header alone when only Authorization counts', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: bearer() }).require('api'), { style })],
        async (ask) => {
          const response = await ask('/', { headers: [token('ada')] })
          equal(field(response, 'cache-control'), undefined, 'Cache-Control')
          ensure(!members(response, 'vary').includes('authorization'), 'Vary must not name Authorization')
        },
      ),
    ),
    ...inBothStyles('makes answers private that depend on another field, and names it in Vary', (style, title) =>
      served(
        title,
        () => [route(authentication({ key: keyLike() }).optional('key'), { style })],
        async (ask) => {
          for (const headers of [[key], []]) {
            const response = await ask('/', { headers })
            equal(response.status, 200, 'status')
            equal(field(response, 'cache-control'), 'private', 'Cache-Control')
            ensure(members(response, 'vary').includes('x-api-key'), 'Vary must name X-API-Key')
          }
        },
      ),
    ),
    ...inBothStyles('forbids storing what a session made', (style, title) =>
      served(
        title,
        () => [route(authentication({ web: cookieLike() }).require('web'), { style })],
        async (ask) => {
          const response = await ask('/', { headers: [cookie] })
          answers(response, 200, 'authenticated web ada')
          equal(field(response, 'cache-control'), 'no-store', 'Cache-Control')
          ensure(members(response, 'vary').includes('cookie'), 'Vary must name Cookie')
        },
      ),
    ),
    ...inBothStyles("keeps the handler's own Cache-Control and merges into its Vary", (style, title) =>
      served(
        title,
        () => [
          route(authentication({ key: keyLike(), web: cookieLike() }).anyOf('key', 'web'), {
            style,
            handler: (_who, io) => {
              io.setHeader('Cache-Control', 'max-age=60')
              io.setHeader('Vary', 'Accept-Encoding, x-api-key')
              return { body: '' }
            },
          }),
        ],
        async (ask) => {
          const response = await ask('/', { headers: [key] })
          equal(field(response, 'cache-control'), 'max-age=60', 'Cache-Control')
          equal(members(response, 'vary').toSorted(), ['accept-encoding', 'cookie', 'x-api-key'], 'members of Vary')
        },
      ),
    ),
    served(
      'adds nothing to a Vary that says everything',
      () => [
        route(authentication({ key: keyLike() }).require('key'), {
          handler: (_who, io) => {
            io.setHeader('Vary', '*')
            return { body: '' }
          },
        }),
      ],
      async (ask) => equal(members(await ask('/', { headers: [key] }), 'vary'), ['*'], 'members of Vary'),
    ),
    served(
      'names the fields of all stacked scopes in Vary, once each',
      () => {
        const auth = authentication({ key: keyLike(), web: cookieLike() })
        return [route([auth.require('key'), auth.require('web'), auth.require('key')])]
      },
      async (ask) => {
        const response = await ask('/', { headers: [key, cookie] })
        answers(response, 200, 'authenticated key till')
        equal(members(response, 'vary').toSorted(), ['cookie', 'x-api-key'], 'members of Vary')
      },
    ),
  ]
}
