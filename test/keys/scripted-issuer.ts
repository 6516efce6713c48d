import { generateKeyPairSync } from 'node:crypto'
import type { Jwk, KeyWant } from '../../src/keys/index.ts'

export const jwksUrl = 'https://id.example/jwks.json'

/** Makes a public key with an id. */
export function edKey(kid: string | undefined): Jwk {
  const { publicKey } = generateKeyPairSync('ed25519')
  const { kty, crv, x } = publicKey.export({ format: 'jwk' })
  return { kty, crv, x, ...(kid === undefined ? {} : { kid }) }
}

export function wanting(kid: string | undefined, alg = 'EdDSA'): KeyWant {
  return { alg, kid, use: 'sig' }
}

type Answer = (url: string, signal: AbortSignal) => Response | Promise<Response>

/** An issuer that answers what the test says, at the time that the test says. */
export class ScriptedIssuer {
  time = 1_800_000_000
  answer: Answer
  readonly asked: string[] = []

  constructor(...keys: Jwk[]) {
    this.answer = this.publish(...keys)
  }

  get fetches(): number {
    return this.asked.length
  }

  readonly clock = (): number => this.time

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (typeof input !== 'string' || !init?.signal)
      throw new TypeError('the client fetches otherwise than the test expects')
    this.asked.push(input)
    return this.answer(input, init.signal)
  }

  /** Answers with this set from now on. */
  publish(...keys: Jwk[]): Answer {
    this.answer = () => Response.json({ keys })
    return this.answer
  }

  die(): void {
    this.answer = () => Promise.reject(new TypeError('fetch failed'))
  }

  /** Answers nothing until the request is given up. */
  hang(): void {
    this.answer = (_url, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      })
  }

  /** Holds answers back; the function that it gives lets them go. */
  pause(): () => void {
    const answer = this.answer
    let go = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    this.answer = async (url, signal) => {
      await gate
      return answer(url, signal)
    }
    return go
  }
}

/** What stands for a set and is none. */
export const nonsense: Readonly<Record<string, () => Response>> = {
  'a page of HTML with 200': () =>
    new Response('<!doctype html><title>Sign in</title>', { headers: { 'content-type': 'text/html' } }),
  '500': () => Response.json({ keys: [edKey('evil')] }, { status: 500 }),
  '404': () => Response.json({ keys: [edKey('evil')] }, { status: 404 }),
  '206': () => Response.json({ keys: [edKey('evil')] }, { status: 206 }),
  '201': () => Response.json({ keys: [edKey('evil')] }, { status: 201 }),
  '204': () => new Response(null, { status: 204 }),
  'a redirect': () => new Response(null, { status: 302, headers: { location: 'https://evil.example/jwks' } }),
  'garbage octets': () => new Response(Uint8Array.of(0xff, 0xfe, 0x00, 0x7b)),
  'a byte order mark': () => new Response(`\uFEFF${JSON.stringify({ keys: [edKey('evil')] })}`),
  'JSON that is cut short': () => new Response(JSON.stringify({ keys: [edKey('evil')] }).slice(0, -1)),
  'JSON null': () => new Response('null'),
  'a JSON array': () => Response.json([edKey('evil')]),
  'one JWK that is no set': () => Response.json(edKey('evil')),
  'an empty set': () => Response.json({ keys: [] }),
  'keys that are no list': () => Response.json({ keys: { 0: edKey('evil'), length: 1 } }),
  'an inherited member': () => new Response('{"__proto__":{"keys":[]}}'),
  'a set of secrets': () => Response.json({ keys: [{ kty: 'oct', kid: 'evil', k: 'A'.repeat(64) }] }),
  'a set of keys for encryption': () => Response.json({ keys: [{ ...edKey('evil'), use: 'enc' }] }),
  '101 keys': () => Response.json({ keys: Array.from({ length: 101 }, (_, index) => edKey(`evil-${index}`)) }),
  '50 MB with their length': () => new Response(endless(50_000_000), { headers: { 'content-length': '50000000' } }),
  '50 MB without their length': () => new Response(endless(50_000_000)),
  'a body that breaks off': () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.error(new TypeError('terminated'))
        },
      }),
    ),
}

function endless(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(65_536).fill(0x20))
      left -= 65_536
      if (left <= 0) controller.close()
    },
  })
}
