import { aborted, DirectoryTimedOut } from './errors.ts'

/** How long somebody waits for a step. */
export interface Limits {
  /** What the step is, for the message: `a bind`. */
  readonly what: string
  readonly seconds: number
  readonly signal: AbortSignal
  /** Called when the step is given up, to end what it works on. */
  readonly giveUp?: ((error: Error) => void) | undefined
}

/**
 * Waits for a step until time is over or the signal is aborted, whichever comes first, and gives it up then. What comes
 * later is ignored.
 */
export function within<T>(step: () => Promise<T>, { what, seconds, signal, giveUp }: Limits): Promise<T> {
  if (signal.aborted) return Promise.reject(aborted(signal))
  return new Promise((resolve, reject) => {
    const stop = (error: Error) => {
      finish()
      reject(error)
      giveUp?.(error)
    }
    const onAbort = () => stop(aborted(signal))
    const timer = setTimeout(() => stop(new DirectoryTimedOut(what, seconds)), seconds * 1000)
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    step().then(
      (value) => {
        finish()
        resolve(value)
      },
      (error: unknown) => {
        finish()
        reject(error)
      },
    )
  })
}
