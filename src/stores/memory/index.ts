export { type MemoryLimiter, type MemoryLimiterOptions, memoryLimiter } from './limiter.ts'
export { type MemoryNonceStore, type MemoryNonceStoreOptions, memoryNonceStore } from './nonce-store.ts'
