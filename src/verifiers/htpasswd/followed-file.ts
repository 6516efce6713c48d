import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { AuthenticationError } from '../../core/cause.ts'
import type { Awaitable } from '../../core/provider.ts'
import { decodeUtf8 } from '../../wire/text.ts'

const CHECK_SECONDS = 1
/** A file written so recently may change again without its times changing (FAT keeps two seconds). */
const UNSETTLED_MILLISECONDS = 2000

export interface FollowedFileOptions<T> {
  /** For messages. */
  readonly factory: string
  readonly path: string | URL
  readonly maximumBytes: number
  /** Reads the content; a number is that of the line that is wrong. */
  readonly parse: (text: string) => T | number
  readonly now: () => number
  readonly onReloadError: (error: AuthenticationError) => void
}

interface Version<T> {
  readonly content: T
}

/**
 * The content of a file, read when it is asked for and again when the file has changed. Asked for, not watched: nothing
 * keeps the process alive, and a file replaced, mounted or edited over a network is noticed all the same.
 */
export class FollowedFile<T> {
  readonly #options: FollowedFileOptions<T>
  #version: Version<T> | undefined
  #failure: AuthenticationError | undefined
  #checkedAt = Number.NEGATIVE_INFINITY
  #checking: Promise<T> | undefined
  /** What the file looked like when it was last read to its end; `undefined` makes the next check read it again. */
  #seen: string | undefined
  #reported: string | undefined

  constructor(options: FollowedFileOptions<T>) {
    this.#options = options
  }

  /**
   * The content, looked at no longer than a second ago; the last good one when the file has become unreadable or wrong
   * since.
   *
   * Rejects with an `AuthenticationError` of code `file-unreadable` or `file-broken` when there is no good one yet.
   */
  current(): Awaitable<T> {
    const age = this.#options.now() - this.#checkedAt
    if (age >= 0 && age < CHECK_SECONDS) {
      if (this.#version !== undefined) return this.#version.content
      if (this.#failure !== undefined) return Promise.reject(this.#failure)
    }
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  async #check(): Promise<T> {
    const startedAt = this.#options.now()
    try {
      await this.#read(startedAt)
    } catch (error) {
      this.#seen = undefined
      this.#failure = this.#problem('file-unreadable', 'the file cannot be read', error)
    }
    this.#checkedAt = startedAt
    if (this.#version === undefined) {
      throw this.#failure ?? this.#problem('file-unreadable', 'the file cannot be read')
    }
    if (this.#failure === undefined) this.#reported = undefined
    else this.#report(this.#failure)
    return this.#version.content
  }

  async #read(startedAt: number): Promise<void> {
    const { path, parse } = this.#options
    const before = await stat(path, { bigint: true })
    if (!before.isFile()) {
      this.#seen = undefined
      this.#failure = this.#problem('file-unreadable', 'the file is not a regular file')
      return
    }
    if (this.#seen === looks(before)) return
    const handle = await open(path, 'r')
    try {
      const opened = await handle.stat({ bigint: true })
      const content = await this.#contentOf(handle, Number(opened.size))
      const after = await handle.stat({ bigint: true })
      const isSettled =
        looks(opened) === looks(after) && startedAt * 1000 - Number(after.mtimeMs) > UNSETTLED_MILLISECONDS
      this.#seen = isSettled ? looks(after) : undefined
      const parsed = typeof content === 'string' ? parse(content) : content
      if (typeof parsed === 'number') this.#failure = this.#problem('file-broken', `line ${parsed} is not well-formed`)
      else if (parsed instanceof AuthenticationError) this.#failure = parsed
      else {
        this.#version = { content: parsed }
        this.#failure = undefined
      }
    } finally {
      await handle.close()
    }
  }

  async #contentOf(handle: FileHandle, size: number): Promise<string | AuthenticationError> {
    if (size > this.#options.maximumBytes) return this.#problem('file-broken', 'the file is larger than "maximumBytes"')
    const buffer = new Uint8Array(size + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = (await handle.read(buffer, length, buffer.length - length)).bytesRead
    }
    if (length > size) return this.#problem('file-broken', 'the file grew while it was read')
    return decodeUtf8(buffer.subarray(0, length)) ?? this.#problem('file-broken', 'the file is not in UTF-8')
  }

  #problem(code: string, what: string, cause?: unknown): AuthenticationError {
    const message = `${this.#options.factory}(): ${what}`
    return new AuthenticationError(message, cause === undefined ? { code } : { code, cause })
  }

  /** Once for each new trouble, not once a second. */
  #report(failure: AuthenticationError): void {
    const trouble = `${this.#seen ?? ''} ${failure.message}`
    if (this.#reported === trouble) return
    this.#reported = trouble
    try {
      this.#options.onReloadError(failure)
    } catch (error) {
      console.error(
        `${this.#options.factory}(): "onReloadError" threw ${error instanceof Error ? error.name : typeof error}`,
      )
    }
  }
}

function looks({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}
