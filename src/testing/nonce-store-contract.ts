import type { NonceStore } from '../core/ports.ts'

/** A store under test. */
export interface NonceStoreSubject {
  readonly name: string
  /** Makes a store without any nonces; closed by the one who made it. */
  open(): Promise<NonceStore>
}

/** One behaviour of a `NonceStore`. Throws when the store has it not. */
export interface NonceStoreCase {
  readonly title: string
  run(subject: NonceStoreSubject): Promise<void>
}

/** What every `NonceStore` must do. Register each case with the test runner at hand. */
export function nonceStoreContract(): readonly NonceStoreCase[] {
  return [
    counts('accepts each count once', 'window', [1, 1, 2, 2, 3], 'fresh seen fresh seen fresh'),
    counts(
      'accepts counts out of order, each once',
      'window',
      [5, 2, 3, 2, 5, 1, 4],
      'fresh fresh fresh seen seen fresh fresh',
    ),
    counts('accepts any first count', 'window', [9, 9], 'fresh seen'),
    counts('accepts what is 127 counts back', 'window', [200, 73, 73], 'fresh fresh seen'),
    counts('refuses what is 128 counts back', 'window', [200, 72], 'fresh seen'),
    counts('refuses what fell out of the window', 'window', [1, 2, 300, 1, 2], 'fresh fresh fresh seen seen'),
    counts('remembers across a leap of exactly the window', 'window', [1, 129, 1, 2, 2], 'fresh fresh seen fresh seen'),
    counts('remembers across a leap just inside the window', 'window', [1, 128, 1, 2], 'fresh fresh seen fresh'),
    counts(
      'takes only the next count when it is strict',
      'strict',
      [1, 2, 2, 4, 3, 1],
      'fresh fresh seen seen fresh seen',
    ),
    counts('begins at 1 when it is strict', 'strict', [2, 1], 'seen fresh'),
    {
      title: 'keeps nonces apart',
      run: async (subject) => {
        const store = await subject.open()
        const said = [await ask(store, 'a', 1), await ask(store, 'b', 1), await ask(store, 'a', 1)]
        equal(said.join(' '), 'fresh fresh seen')
      },
    },
    {
      title: 'lets one of a hundred parallel askers have a count',
      run: async (subject) => {
        const store = await subject.open()
        const said = await Promise.all(Array.from({ length: 100 }, () => ask(store, 'a', 7)))
        equal(String(said.filter((answer) => answer === 'fresh').length), '1')
      },
    },
  ]
}

function counts(title: string, mode: 'window' | 'strict', asked: readonly number[], expected: string): NonceStoreCase {
  return {
    title,
    run: async (subject) => {
      const store = await subject.open()
      const said: string[] = []
      for (const nc of asked) said.push(await ask(store, 'nonce', nc, mode))
      equal(said.join(' '), expected)
    },
  }
}

async function ask(store: NonceStore, key: string, nc: number, mode: 'window' | 'strict' = 'window'): Promise<string> {
  return store.accept(key, nc, Date.now() / 1000 + 60, mode, new AbortController().signal)
}

function equal(actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`)
}
