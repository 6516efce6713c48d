export { type MemoryLimiter, type MemoryLimiterOptions, memoryLimiter } from './limiter.ts'
export { type MemoryNonceStore, type MemoryNonceStoreOptions, memoryNonceStore } from './nonce-store.ts'
export { type MemoryRememberStore, type MemoryRememberStoreOptions, memoryRememberStore } from './remember-store.ts'
export { type MemorySessionStore, type MemorySessionStoreOptions, memorySessionStore } from './session-store.ts'
