import { authentication } from '../../core/authentication.ts'
import type { Who } from '../../core/who.ts'
import type { ContractAnswer, ContractIo } from '../adapter-subject.ts'
import {
  answers,
  type ContractCase,
  equal,
  field,
  greeting,
  inBothStyles,
  refuses,
  route,
  type SentRequest,
  served,
} from './kit.ts'
import { bearer, formLike, token } from './providers.ts'

const form: SentRequest = { method: 'POST', headers: [['Content-Type', 'application/x-www-form-urlencoded']] }
const text: SentRequest = { method: 'POST', headers: [['Content-Type', 'text/plain'], token('ada')] }

/** Bodies: a provider reads, and the handler reads all the same. */
export function bodyCases(): readonly ContractCase[] {
  return [...formCases(), ...largeCases(), ...streamCases()]
}

function formCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('lets the handler read a body that a provider has read', (style, title) =>
      served(
        title,
        () => [
          route(authentication({ form: formLike(1000) }).require('form'), { style, method: 'POST', handler: echo }),
        ],
        async (ask) =>
          answers(await ask('/', { ...form, body: 'user=ada&x=1' }), 200, 'authenticated form ada: user=ada&x=1'),
      ),
    ),
    ...inBothStyles('reads a body that comes in pieces', (style, title) =>
      served(
        title,
        () => [
          route(authentication({ form: formLike(1000) }).require('form'), { style, method: 'POST', handler: echo }),
        ],
        async (ask) =>
          answers(
            await ask('/', { ...form, body: ['us', 'er=a', 'da', '&x=1'] }),
            200,
            'authenticated form ada: user=ada&x=1',
          ),
      ),
    ),
    ...inBothStyles('lets the handler read an empty body', (style, title) =>
      served(
        title,
        () => [
          route(authentication({ form: formLike(1000) }).attempt('form'), { style, method: 'POST', handler: echo }),
        ],
        async (ask) => {
          answers(await ask('/', { ...form, body: '' }), 200, 'anonymous refused 401: ')
          answers(await ask('/', { ...form, body: [] }), 200, 'anonymous refused 401: ')
          answers(await ask('/', form), 200, 'anonymous refused 401: ')
        },
      ),
    ),
    ...[false, true].map((chunked) =>
      served(
        `lets the handler read 200 kB that a provider has read${chunked ? ', in pieces' : ''}`,
        () => [
          route(authentication({ form: formLike(300_000) }).require('form'), { method: 'POST', handler: measure }),
        ],
        async (ask) => {
          const body = chunked ? ['user=ada&x=', ...pieces()] : `user=ada&x=${pieces().join('')}`
          answers(await ask('/', { ...form, body }), 200, `authenticated form ada: 200011 ${'user=ada&x=aaaaa'} …jjjjj`)
        },
      ),
    ),
    served(
      'reads a body once for all stacked scopes',
      () => {
        const auth = authentication({ form: formLike(1000), again: formLike(500) })
        return [route([auth.require('form'), auth.require('again')], { method: 'POST', handler: echo })]
      },
      async (ask) => answers(await ask('/', { ...form, body: 'user=ada' }), 200, 'authenticated again ada: user=ada'),
    ),
  ]
}

function largeCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('answers 413 for a body beyond the limit, and serves the next request', (style, title) =>
      served(
        title,
        () => {
          const auth = authentication({ form: formLike(1000) })
          return [route(auth.require('form'), { style, method: 'POST', handler: echo })]
        },
        async (ask) => {
          const large = `user=ada&x=${pieces().join('')}`
          for (const body of [large, ['user=ada&x=', ...pieces()]]) {
            const response = await ask('/', { ...form, body })
            refuses(response, 413)
            equal(field(response, 'www-authenticate'), undefined, 'WWW-Authenticate of a 413')
          }
          answers(await ask('/', { ...form, body: 'user=bob' }), 200, 'authenticated form bob: user=bob')
        },
      ),
    ),
    ...[false, true].map((chunked) =>
      served(
        `lets the handler read all of a body that was too large for a provider${chunked ? ', in pieces' : ''}`,
        () => [route(authentication({ form: formLike(1000) }).attempt('form'), { method: 'POST', handler: measure })],
        async (ask) => {
          const body = chunked ? ['user=ada&x=', ...pieces()] : `user=ada&x=${pieces().join('')}`
          answers(await ask('/', { ...form, body }), 200, 'anonymous refused 413: 200011 user=ada&x=aaaaa …jjjjj')
        },
      ),
    ),
    served(
      'reads a body of exactly the limit',
      () => [route(authentication({ form: formLike(10) }).require('form'), { method: 'POST', handler: echo })],
      async (ask) => {
        answers(await ask('/', { ...form, body: 'user=adaaa' }), 200, 'authenticated form adaaa: user=adaaa')
        refuses(await ask('/', { ...form, body: 'user=adaaaa' }), 413)
      },
    ),
  ]
}

function streamCases(): readonly ContractCase[] {
  return [
    ...inBothStyles('leaves the body to the handler when no provider reads it', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: bearer() }).require('api'), { style, method: 'POST', handler: measure })],
        async (ask) =>
          answers(
            await ask('/', { ...text, body: pieces() }),
            200,
            'authenticated api ada: 200000 aaaaaaaaaaaaaaaa …jjjjj',
          ),
      ),
    ),
    served(
      'leaves a body of another type to the handler',
      () => {
        const auth = authentication({ form: formLike(10), api: bearer() })
        return [route(auth.anyOf('form', 'api'), { method: 'POST', handler: measure })]
      },
      async (ask) =>
        answers(
          await ask('/', { ...text, body: pieces() }),
          200,
          'authenticated api ada: 200000 aaaaaaaaaaaaaaaa …jjjjj',
        ),
    ),
    ...inBothStyles('refuses a large upload without credentials, and serves the next request', (style, title) =>
      served(
        title,
        () => [route(authentication({ api: bearer() }).require('api'), { style, method: 'POST', handler: measure })],
        async (ask) => {
          refuses(await ask('/', { method: 'POST', headers: [['Content-Type', 'text/plain']], body: pieces() }), 401)
          answers(await ask('/', { ...text, body: 'x' }), 200, 'authenticated api ada: 1 x …x')
        },
      ),
    ),
  ]
}

/** Ten pieces of 20 kB, each of another letter. */
function pieces(): readonly string[] {
  return Array.from('abcdefghij', (letter) => letter.repeat(20_000))
}

async function echo(who: Who, io: ContractIo): Promise<ContractAnswer> {
  return { body: `${greeting(who)}: ${await io.readBody()}` }
}

async function measure(who: Who, io: ContractIo): Promise<ContractAnswer> {
  const body = await io.readBody()
  return { body: `${greeting(who)}: ${body.length} ${body.slice(0, 16)} …${body.slice(-5)}` }
}
