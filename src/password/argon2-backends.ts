import * as crypto from 'node:crypto'
import { createRequire } from 'node:module'
import type { Argon2Backend, Argon2Job } from './argon2.ts'

/** `crypto.argon2` of Node 24.7 and later, as far as it is used. */
type NativeArgon2 = (
  algorithm: string,
  parameters: {
    readonly message: Uint8Array
    readonly nonce: Uint8Array
    readonly memory: number
    readonly passes: number
    readonly parallelism: number
    readonly tagLength: number
  },
  callback: (error: Error | null, hash: Uint8Array) => void,
) => void

/** `hashRaw` of @node-rs/argon2, as far as it is used. */
type PackagedArgon2 = (
  password: Uint8Array,
  options: {
    readonly algorithm: number
    readonly version: number
    readonly memoryCost: number
    readonly timeCost: number
    readonly parallelism: number
    readonly outputLen: number
    readonly salt: Uint8Array
  },
) => Promise<Uint8Array>

const packagedType = { argon2d: 0, argon2i: 1, argon2id: 2 } as const
const packagedVersion = { 16: 0, 19: 1 } as const

/** What computes Argon2 in this process, the runtime's own first. */
export function argon2Backends(): readonly Argon2Backend[] {
  return [nativeBackend(crypto), packagedBackend(loadPackage)].filter((backend) => backend !== undefined)
}

/** The runtime's own, from Node 24.7. It is tried once: with an older OpenSSL the function is there and throws. */
export function nativeBackend(module: object): Argon2Backend | undefined {
  const derive: unknown = Reflect.get(module, 'argon2')
  const now: unknown = Reflect.get(module, 'argon2Sync')
  if (!isFunction<NativeArgon2>(derive) || !isFunction<(...all: readonly unknown[]) => unknown>(now)) return undefined
  try {
    const [message, nonce] = [new Uint8Array(8), new Uint8Array(8)]
    now('argon2id', { message, nonce, memory: 8, passes: 1, parallelism: 1, tagLength: 16 })
  } catch {
    return undefined
  }
  return { versions: [19], derive: (job) => deriveNatively(derive, job) }
}

function deriveNatively(argon2: NativeArgon2, job: Argon2Job): Promise<Uint8Array> {
  const { type, password: message, salt: nonce, memoryKib: memory, passes, parallelism, length: tagLength } = job
  return new Promise((resolve, reject) => {
    argon2(type, { message, nonce, memory, passes, parallelism, tagLength }, (error, hash) =>
      error === null || error === undefined ? resolve(hash) : reject(error),
    )
  })
}

/** The package, if it is installed and has a binary for this platform. */
export function packagedBackend(load: () => unknown): Argon2Backend | undefined {
  let module: unknown
  try {
    module = load()
  } catch {
    return undefined
  }
  const derive: unknown = typeof module === 'object' && module !== null ? Reflect.get(module, 'hashRaw') : undefined
  if (!isFunction<PackagedArgon2>(derive)) return undefined
  return {
    versions: [16, 19],
    derive: ({ type, version, memoryKib, passes, parallelism, password, salt, length }) =>
      derive(password, {
        algorithm: packagedType[type],
        version: packagedVersion[version],
        memoryCost: memoryKib,
        timeCost: passes,
        parallelism,
        outputLen: length,
        salt,
      }),
  }
}

// Through require, since constructing is synchronous and must find out.
function loadPackage(): unknown {
  return createRequire(import.meta.url)('@node-rs/argon2')
}

/** Modules that may be absent have no types here: the shape is what their documentation says. */
function isFunction<F extends (...all: never) => unknown>(value: unknown): value is F {
  return typeof value === 'function'
}
