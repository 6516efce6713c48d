import { authentication } from '../../core/authentication.ts'
import { AuthenticationFailedCause } from '../../core/cause.ts'
import type { FaultEvent } from '../../core/events.ts'
import type { Refused } from '../../core/who.ts'
import type { ContractAnswer } from '../adapter-subject.ts'
import {
  answers,
  type ContractCase,
  challenges,
  ensure,
  equal,
  field,
  inBothStyles,
  members,
  refuses,
  route,
  served,
} from './kit.ts'
import { bearer, keyLike, saying, token, wrong } from './providers.ts'

/** The adapter's own surface: `.of()`, `onRefused`, `passErrors`, and the middleware around it. */
export function hookCases(): readonly ContractCase[] {
  return [...accessorCases(), ...refusedCases(), ...errorCases(), ...presetCases()]
}

function accessorCases(): readonly ContractCase[] {
  return [
    served(
      'throws a TypeError in a sentence when who is there is asked of a middleware that did not run',
      () => [route(authentication({ api: bearer() }).optional('api'), { probeUnmounted: true })],
      async (ask) => {
        const { status, body } = await ask('/')
        equal(status, 200, 'status')
        ensure(/^TypeError: .* .* .* .*/.test(body), `of() must throw a TypeError in a sentence, got "${body}"`)
      },
    ),
  ]
}

function refusedCases(): readonly ContractCase[] {
  const api = () => authentication({ api: bearer() }).require('api')
  const own = (refused: Refused): ContractAnswer => ({
    status: 404,
    body: `${refused.kind} ${refused.response.status} ${refused.failures.map(({ provider }) => provider).join()}`,
  })
  return [
    ...inBothStyles('lets onRefused answer a refusal', (style, title) =>
      served(
        title,
        () => [route(api(), { style, onRefused: own })],
        async (ask) => {
          answers(await ask('/'), 404, 'rejected 401 api')
          answers(await ask('/', { headers: [token('ada')] }), 200, 'authenticated api ada')
        },
      ),
    ),
    ...inBothStyles('lets onRefused answer a refusal later', (style, title) =>
      served(
        title,
        () => [route(api(), { style, onRefused: async (refused) => own(refused) })],
        async (ask) => answers(await ask('/'), 404, 'rejected 401 api'),
      ),
    ),
    ...inBothStyles('lets onRefused answer a 503', (style, title) =>
      served(
        title,
        () => {
          const x = saying(() => ({ cause: new AuthenticationFailedCause.Error('down') }))
          return [route(authentication({ x }).require('x'), { style, onRefused: own })]
        },
        async (ask) => answers(await ask('/'), 404, 'unavailable 503 x'),
      ),
    ),
    ...inBothStyles('sends the refusal as it is when onRefused answers nothing', (style, title) =>
      served(
        title,
        () => [
          route(api(), { style, onRefused: () => undefined }),
          route(api(), { style, path: '/later', onRefused: async () => undefined }),
        ],
        async (ask, subject) => {
          for (const path of ['/', '/later']) {
            const response = await ask(path)
            refuses(response, 401)
            challenges(response, subject, ['Bearer realm="api"'])
          }
        },
      ),
    ),
    ...inBothStyles('sends the refusal as it is when onRefused throws, and tells listeners', (style, title) => {
      const faults: string[] = []
      const listeners = [{ fault: ({ fault }: FaultEvent) => faults.push(fault) }]
      const heard = () => authentication({ api: bearer() }, { listeners }).require('api')
      return served(
        title,
        () => {
          faults.length = 0
          const broken = (): never => {
            throw new Error('onRefused is broken')
          }
          return [
            route(heard(), { style, onRefused: broken }),
            route(heard(), { style, path: '/later', onRefused: async () => broken() }),
          ]
        },
        async (ask, subject) => {
          for (const path of ['/', '/later']) {
            const response = await ask(path)
            refuses(response, 401)
            challenges(response, subject, ['Bearer realm="api"'])
          }
          equal(faults.join(), 'on-refused-threw,on-refused-threw', 'faults')
        },
      )
    }),
  ]
}

function errorCases(): readonly ContractCase[] {
  const broken = (): never => {
    throw new Error('the directory is gone')
  }
  return [
    ...inBothStyles("hands what a provider threw to the framework's error handler when told to", (style, title) =>
      served(
        title,
        () => {
          const auth = authentication({ now: saying(broken), later: saying(async () => broken()) })
          return auth.names.map((name) => route(auth.require(name), { style, path: `/${name}`, passErrors: true }))
        },
        async (ask) => {
          answers(await ask('/now'), 500, 'framework: the directory is gone')
          answers(await ask('/later'), 500, 'framework: the directory is gone')
        },
      ),
    ),
    ...inBothStyles("hands an Error cause to the framework's error handler when told to", (style, title) =>
      served(
        title,
        () => {
          const x = saying(() => ({ cause: new AuthenticationFailedCause.Error('the keys are unreachable') }))
          return [route(authentication({ x }).require('x'), { style, passErrors: true })]
        },
        async (ask) => answers(await ask('/'), 500, 'framework: the keys are unreachable'),
      ),
    ),
    served(
      'hands on the error that made it a 503, not one that was final',
      () => {
        const final = saying(() => ({ cause: new AuthenticationFailedCause.Error('said no', { retryable: false }) }))
        const auth = authentication({ final, broken: saying(broken) })
        return [route(auth.anyOf('final', 'broken'), { passErrors: true })]
      },
      async (ask) => answers(await ask('/'), 500, 'framework: the directory is gone'),
    ),
    ...inBothStyles('answers refusals itself even when told to hand errors on', (style, title) =>
      served(
        title,
        () => {
          const final = saying(() => ({ cause: new AuthenticationFailedCause.Error('said no', { retryable: false }) }))
          const auth = authentication({ api: bearer(), final })
          return auth.names.map((name) => route(auth.require(name), { style, path: `/${name}`, passErrors: true }))
        },
        async (ask) => {
          refuses(await ask('/api', { headers: [token(wrong)] }), 401)
          refuses(await ask('/final'), 401)
        },
      ),
    ),
  ]
}

function presetCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('keeps on every answer what a CORS middleware set', (style, title) =>
      served(
        title,
        () => [
          route(authentication({ api: bearer() }).require('api'), {
            style,
            presetHeader: ['Access-Control-Allow-Origin', 'https://app.example'],
          }),
        ],
        async (ask) => {
          const refused = await ask('/')
          refuses(refused, 401)
          const accepted = await ask('/', { headers: [token('ada')] })
          answers(accepted, 200, 'authenticated api ada')
          for (const response of [refused, accepted]) {
            equal(
              field(response, 'access-control-allow-origin'),
              'https://app.example',
              'the field that was set before',
            )
          }
        },
      ),
    ),
    ...inBothStyles('merges into the Vary that a CORS middleware set', (style, title) =>
      served(
        title,
        () => [route(authentication({ key: keyLike() }).require('key'), { style, presetHeader: ['Vary', 'Origin'] })],
        async (ask) => {
          const refused = await ask('/')
          refuses(refused, 401)
          ensure(members(refused, 'vary').includes('origin'), 'Vary of the refusal must still name Origin')
          const accepted = await ask('/', { headers: [['X-API-Key', 'till']] })
          answers(accepted, 200, 'authenticated key till')
          equal(members(accepted, 'vary').toSorted(), ['origin', 'x-api-key'], 'members of Vary')
        },
      ),
    ),
  ]
}
