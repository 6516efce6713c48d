import type { AuthenticationError } from '../../core/cause.ts'
import { FollowedFile } from './followed-file.ts'

/** What is the same for `htpasswd()` and `htdigest()`. */
export interface FileOptions {
  /** The largest file to read, in bytes, up to 67,108,864. Default: 1,048,576, some twelve thousand users. */
  readonly maximumBytes?: number | undefined
  /**
   * Called when the file changed and cannot be read (`file-unreadable`) or is wrong (`file-broken`), once for each such
   * change; the last good version is used meanwhile. Default: one line on `console.error`.
   */
  readonly onReloadError?: ((error: AuthenticationError) => void) | undefined
  /** Seconds since 1970, to look at the file at most once a second. Default: the system's clock. */
  readonly clock?: (() => number) | undefined
}

const DEFAULT_BYTES = 1_048_576
const MOST_BYTES = 67_108_864

/** @throws TypeError when an option cannot be used. */
export function followedFile<T>(
  factory: 'htpasswd' | 'htdigest',
  path: string | URL,
  options: FileOptions,
  parse: (text: string) => T | number,
): FollowedFile<T> {
  if (!(path instanceof URL ? path.protocol === 'file:' : typeof path === 'string' && path !== '')) {
    throw new TypeError(`${factory}(): "file" must be a path or a file: URL`)
  }
  const { maximumBytes = DEFAULT_BYTES, onReloadError, clock } = options
  if (!Number.isInteger(maximumBytes) || maximumBytes < 1 || maximumBytes > MOST_BYTES) {
    throw new TypeError(`${factory}(): "maximumBytes" must be a whole number from 1 to ${MOST_BYTES}`)
  }
  for (const [name, value] of Object.entries({ onReloadError, clock })) {
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`${factory}(): "${name}" must be a function`)
    }
  }
  return new FollowedFile({
    factory,
    path,
    maximumBytes,
    parse,
    now: clock ?? (() => Date.now() / 1000),
    onReloadError: onReloadError ?? ((error) => console.error(`${error.message}; the last good version stays in use`)),
  })
}

/** Finds what is filed under a name as received, else under its NFC form; with the name as the file has it. */
export function lookUp<T>(
  name: string,
  find: (name: string) => T | undefined,
): { readonly name: string; readonly found: T } | undefined {
  const found = find(name)
  if (found !== undefined) return { name, found }
  const normalised = name.normalize('NFC')
  const other = normalised === name ? undefined : find(normalised)
  return other === undefined ? undefined : { name: normalised, found: other }
}
