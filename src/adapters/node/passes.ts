import { attachments } from '../../core/attachments.ts'
import type { Requirement } from '../../core/requirement.ts'
import type { Who } from '../../core/who.ts'

/** Whom one middleware has let pass, by request. Nobody else can write it. */
export class Passes<W extends Who> {
  readonly #passed = attachments<W>()
  readonly #description: string

  constructor(requirement: Requirement<W>) {
    this.#description = requirement.description
  }

  add(request: object, who: W): void {
    this.#passed.set(request, who)
  }

  /** @throws TypeError when the middleware has not let this request pass. */
  of(request: object): W {
    const who = this.#passed.get(request)
    if (who === undefined) {
      throw new TypeError(
        `of(): the middleware of authenticate(${this.#description}) has not let this request pass; mount it before the handler that asks`,
      )
    }
    return who
  }
}

/** @throws TypeError when an adapter's function was given something else than it takes. */
export function checkArguments(
  factory: 'authenticate' | 'protect',
  requirement: Requirement,
  options: { readonly onRefused?: unknown } | undefined,
  handler?: unknown,
): void {
  if (typeof requirement?.decide !== 'function') {
    throw new TypeError(`${factory}(): the first argument must be a requirement, such as auth.require('api')`)
  }
  if (factory === 'protect' && typeof handler !== 'function') {
    throw new TypeError('protect(): the second argument must be the handler, a function')
  }
  if (options?.onRefused !== undefined && typeof options.onRefused !== 'function') {
    throw new TypeError(`${factory}(): "onRefused" must be a function`)
  }
}
