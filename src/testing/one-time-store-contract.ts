import type { OneTimeStore } from '../core/ports.ts'

/** A store under test. */
export interface OneTimeStoreSubject {
  readonly name: string
  /** Makes a store without any keys; closed by the one who made it. */
  open(): Promise<OneTimeStore>
}

/** One behaviour of a `OneTimeStore`. Throws when the store has it not. */
export interface OneTimeStoreCase {
  readonly title: string
  run(subject: OneTimeStoreSubject): Promise<void>
}

const KEY = 'A'.repeat(43)
const OTHER = 'B'.repeat(43)

/** What every `OneTimeStore` must do. Register each case with the test runner at hand. */
export function oneTimeStoreContract(): readonly OneTimeStoreCase[] {
  return [
    {
      title: 'says of each key once that it is fresh',
      run: async (subject) => {
        const store = await subject.open()
        const said = [await ask(store, KEY), await ask(store, KEY), await ask(store, OTHER), await ask(store, KEY)]
        equal(said.join(' '), 'fresh seen fresh seen')
      },
    },
    {
      title: 'keeps namespaces apart',
      run: async (subject) => {
        const store = await subject.open()
        const said = [await ask(store, KEY, 'dpop'), await ask(store, KEY, 'state'), await ask(store, KEY, 'dpop')]
        equal(said.join(' '), 'fresh fresh seen')
      },
    },
    {
      title: 'lets one of a hundred parallel askers have a key',
      run: async (subject) => {
        const store = await subject.open()
        const said = await Promise.all(Array.from({ length: 100 }, () => ask(store, KEY)))
        equal(String(said.filter((answer) => answer === 'fresh').length), '1')
      },
    },
    {
      title: 'goes by the time of the caller, however far from the time of the store',
      run: async (subject) => {
        const store = await subject.open()
        const past = [await ask(store, KEY, 'past', 1_000_000), await ask(store, KEY, 'past', 1_000_010)]
        const future = [await ask(store, KEY, 'future', 4e9), await ask(store, KEY, 'future', 4e9 + 10)]
        equal([...past, ...future].join(' '), 'fresh seen fresh seen')
      },
    },
    {
      title: 'remembers a key until the last moment before it expires',
      run: async (subject) => {
        const store = await subject.open()
        const at = Date.now() / 1000
        const ends = at + 60
        const said = [await consume(store, 'end', ends, at), await consume(store, 'end', ends, ends - 0.001)]
        equal(said.join(' '), 'fresh seen')
      },
    },
  ]
}

async function ask(
  store: OneTimeStore,
  key: string,
  namespace: string = 'test',
  now: number = Date.now() / 1000,
): Promise<string> {
  return store.consume(namespace, key, now + 60, { now: () => now, signal: new AbortController().signal })
}

async function consume(store: OneTimeStore, namespace: string, expiresAt: number, now: number): Promise<string> {
  return store.consume(namespace, KEY, expiresAt, { now: () => now, signal: new AbortController().signal })
}

function equal(actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`expected ${expected}, got ${actual}`)
}
