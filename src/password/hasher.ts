import { randomBytes, timingSafeEqual } from '#crypto'
import { AuthenticationError } from '../core/cause.ts'
import type { Awaitable } from '../core/provider.ts'
import { constantTimeEqual } from '../crypto/index.ts'
import { algorithmsOf, recipeOf } from './configure.ts'
import { hashUnsupported, pepperUnknown } from './errors.ts'
import type { PasswordFormat } from './formats/format.ts'
import type { Machine } from './machine.ts'
import type { PasswordLoad, PasswordsOptions, PasswordVerification, PasswordWorkOptions } from './passwords.ts'
import { Pepper } from './pepper.ts'
import { MAX_PASSWORD_BYTES, type PreparedPassword, preparePassword } from './prepare.ts'
import { isWeaker, type Recipe } from './recipe.ts'
import { type Algorithms, formatStored, parseStored, type StoredHash } from './stored.ts'
import { type WorkLimits, WorkQueue } from './work-queue.ts'

/** One stored text, ready to be compared with a password. */
interface Check {
  readonly needsRehash: boolean
  readonly matches: (password: PreparedPassword, signal: AbortSignal | undefined) => Awaitable<boolean>
}

const SALT_BYTES = 16
const HASH_BYTES = 32

const wrong: PasswordVerification = Object.freeze({ ok: false, needsRehash: false })
const right: PasswordVerification = Object.freeze({ ok: true, needsRehash: false })
const outdated: PasswordVerification = Object.freeze({ ok: true, needsRehash: true })

/** What stands behind `passwords()`, on whatever machine. */
export class Hasher {
  readonly #recipe: Recipe
  readonly #algorithms: Algorithms
  readonly #pepper: Pepper | undefined
  readonly #formats: readonly PasswordFormat[]
  readonly #plainText: boolean
  readonly #queue: WorkQueue
  readonly #clock: () => number
  /** What an unknown user is checked against. */
  readonly #nobody: Check

  /** @throws TypeError when an option cannot be used. */
  constructor(options: PasswordsOptions, machine: Machine) {
    if (typeof options !== 'object' || options === null) throw new TypeError('passwords(): wants an object of options')
    const { formats = [], legacyDummy, clock = () => Date.now() / 1000 } = options
    if (!Array.isArray(formats)) throw new TypeError('passwords(): "formats" must be a list of formats')
    if (typeof clock !== 'function') throw new TypeError('passwords(): "clock" must be a function')
    this.#recipe = recipeOf(options, machine)
    this.#algorithms = algorithmsOf(machine)
    this.#pepper = options.pepper === undefined ? undefined : new Pepper(options.pepper)
    this.#formats = [...formats]
    this.#plainText = options.dangerouslyAllowPlainText === true
    this.#queue = queueOf(options, machine)
    this.#clock = clock
    this.#nobody = legacyDummy === undefined ? this.#checkOfOwn(this.#dummy()) : this.#checkOfLegacy(legacyDummy)
  }

  async hash(password: string, options: PasswordWorkOptions = {}): Promise<string> {
    const { nfc } = usable(password)
    const [recipe, keyId, salt] = [this.#recipe, this.#pepper?.current, randomBytes(SALT_BYTES)]
    const hash = await this.#queue.run(() => this.#derive(recipe, keyId, nfc, salt, HASH_BYTES), this.#limits(options))
    return formatStored({ recipe, keyId, salt, hash })
  }

  async verify(
    password: string,
    stored: string | null | undefined,
    options: PasswordWorkOptions = {},
  ): Promise<PasswordVerification> {
    const prepared = preparedOf(password, 'verify')
    const isKnown = stored !== null && stored !== undefined && stored !== ''
    if (isKnown && typeof stored !== 'string') throw new TypeError('verify(): "stored" must be a string or null')
    if (typeof prepared === 'string') return wrong
    const check = isKnown ? this.#checkOf(stored) : this.#nobody
    const { signal } = options
    const matches = await this.#queue.run(() => check.matches(prepared, signal), this.#limits(options))
    if (matches !== true || !isKnown) return wrong
    return check.needsRehash ? outdated : right
  }

  load(): PasswordLoad {
    const { running, waiting, averageSeconds } = this.#queue
    return { running, waiting, averageSeconds }
  }

  /** @throws AuthenticationError of code `hash-unsupported`. */
  #checkOf(stored: string): Check {
    const own = parseStored(stored, this.#algorithms)
    if (own !== undefined) return this.#checkOfOwn(own)
    const format = this.#formats.find((each) => each.recognises(stored))
    if (format !== undefined) return checkOfFormat(format, stored)
    // The beginning of a hash: were it a password, whoever steals the table could type what it says.
    if (this.#plainText && !/^[${]/.test(stored)) return checkOfPlainText(stored)
    throw hashUnsupported('its format is none that is known or listed, or a parameter is over its cap')
  }

  #checkOfOwn({ recipe, keyId, salt, hash }: StoredHash): Check {
    const isShort = salt.length < SALT_BYTES || hash.length < HASH_BYTES
    return {
      needsRehash: isShort || keyId !== this.#pepper?.current || isWeaker(recipe, this.#recipe),
      matches: async ({ nfc }) => timingSafeEqual(hash, await this.#derive(recipe, keyId, nfc, salt, hash.length)),
    }
  }

  #checkOfLegacy(dummy: string): Check {
    const own = typeof dummy === 'string' ? parseStored(dummy, this.#algorithms) : undefined
    if (own !== undefined) return this.#checkOfOwn(own)
    const format = typeof dummy === 'string' ? this.#formats.find((each) => each.recognises(dummy)) : undefined
    if (format === undefined) {
      throw new TypeError('passwords(): "legacyDummy" must be a stored hash that one of "formats" recognises')
    }
    return checkOfFormat(format, dummy)
  }

  /** Random octets: no password belongs to them that anybody could find, and nothing need be computed beforehand. */
  #dummy(): StoredHash {
    const keyId = this.#pepper?.current
    return { recipe: this.#recipe, keyId, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) }
  }

  async #derive(
    recipe: Recipe,
    keyId: string | undefined,
    nfc: Uint8Array,
    salt: Uint8Array,
    length: number,
  ): Promise<Uint8Array> {
    const pepper = this.#pepper
    if (keyId !== undefined && pepper === undefined) throw pepperUnknown()
    const octets = keyId === undefined || pepper === undefined ? nfc : await pepper.apply(keyId, nfc)
    try {
      return await recipe.derive(octets, salt, length)
    } catch (error) {
      if (error instanceof AuthenticationError) throw error
      throw hashUnsupported('computing it failed', error)
    }
  }

  #limits({ signal, deadline }: PasswordWorkOptions): WorkLimits {
    return { signal, withinSeconds: deadline === undefined ? undefined : deadline - this.#clock() }
  }
}

function checkOfFormat(format: PasswordFormat, stored: string): Check {
  return { needsRehash: true, matches: ({ octets }, signal) => format.matches(stored, octets, signal) }
}

function checkOfPlainText(stored: string): Check {
  const expected = stored.normalize('NFC')
  return { needsRehash: true, matches: ({ text }) => constantTimeEqual(text, expected) }
}

/** @throws TypeError when it is not a string, as when somebody forgot to parse a body. */
function preparedOf(password: string, method: string): PreparedPassword | 'too-long' | 'ill-formed' {
  if (typeof password !== 'string') throw new TypeError(`${method}(): "password" must be a string`)
  return preparePassword(password)
}

function usable(password: string): PreparedPassword {
  const prepared = preparedOf(password, 'hash')
  if (prepared === 'too-long') {
    throw new RangeError(`hash(): "password" must have at most ${MAX_PASSWORD_BYTES} bytes in UTF-8`)
  }
  if (prepared === 'ill-formed') throw new TypeError('hash(): "password" must have neither NUL nor lone surrogates')
  return prepared
}

function queueOf({ concurrency, queueSeconds = 4 }: PasswordsOptions, machine: Machine): WorkQueue {
  const slots = concurrency ?? machine.concurrency
  if (!Number.isSafeInteger(slots) || slots < 1) {
    throw new TypeError('passwords(): "concurrency" must be a positive whole number')
  }
  if (typeof queueSeconds !== 'number' || !(queueSeconds > 0 && queueSeconds < Number.POSITIVE_INFINITY)) {
    throw new TypeError('passwords(): "queueSeconds" must be a positive number')
  }
  return new WorkQueue({ concurrency: slots, queueSeconds, now: machine.now })
}
