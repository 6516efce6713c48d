import type { Freshness, NonceStore } from '../../core/ports.ts'
import type { AuthenticationContext, Awaitable } from '../../core/provider.ts'
import { isMemoryNonceStore, memoryNonceStore } from '../../stores/memory/nonce-store.ts'
import type { LiveNonce } from './nonce.ts'

/** Says whether a nonce may be used with this count, and remembers that it was. */
export type CountUse = (
  nonce: LiveNonce,
  count: number,
  context: AuthenticationContext,
) => Awaitable<Freshness | 'stale'>

/** Asks a store, by default one in memory. */
export function countUseBy(store: NonceStore = memoryNonceStore(), mode: 'window' | 'strict'): CountUse {
  if (isMemoryNonceStore(store)) return ({ key, expiresAt }, count) => store.accept(key, count, expiresAt, mode)
  return ({ key, expiresAt }, count, { signal }) => store.accept(key, count, expiresAt, mode, signal)
}
