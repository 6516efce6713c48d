import { availableParallelism } from 'node:os'
import type { Argon2Backend } from './argon2.ts'
import { argon2Backends } from './argon2-backends.ts'
import { derivePbkdf2, type Pbkdf2 } from './pbkdf2.ts'
import { deriveScrypt, type Scrypt } from './scrypt.ts'

/** What `passwords()` needs from where it runs. */
export interface Machine {
  /** Looks once, when first asked: loading a native package takes time that not every process has to spend. */
  readonly argon2: () => readonly Argon2Backend[]
  readonly scrypt: Scrypt
  readonly pbkdf2: Pbkdf2
  /** How many hashes may be computed at a time, unless the options say. */
  readonly concurrency: number
  /** Seconds on a clock that never jumps. */
  readonly now: () => number
}

/** The machine this process runs on. */
export function thisMachine(): Machine {
  let backends: readonly Argon2Backend[] | undefined
  return {
    argon2: () => {
      backends ??= argon2Backends()
      return backends
    },
    scrypt: deriveScrypt,
    pbkdf2: derivePbkdf2,
    concurrency: defaultConcurrency(availableParallelism(), process.env.UV_THREADPOOL_SIZE),
    now: () => performance.now() / 1000,
  }
}

/** Leaves one core to the event loop, and one thread of libuv's pool to files and name look-ups. */
export function defaultConcurrency(cores: number, threadPoolSize: string | undefined): number {
  const size = threadPoolSize === undefined || !/^\d{1,4}$/.test(threadPoolSize) ? 4 : Number(threadPoolSize)
  return Math.max(1, Math.min(cores, size) - 1)
}
