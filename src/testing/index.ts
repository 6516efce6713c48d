export { adapterContract } from './adapter-contract.ts'
export type {
  AdapterSubject,
  ContractAnswer,
  ContractIo,
  ContractRoute,
  MountedRoutes,
} from './adapter-subject.ts'
export type { ContractCase, ReceivedResponse, Send, SentRequest } from './contract/kit.ts'
export { type FakeIssuer, type FakeIssuerOptions, type FakeTokenOptions, fakeIssuer } from './fake-issuer.ts'
export { type LimiterCase, type LimiterSubject, limiterContract } from './limiter-contract.ts'
export { type NonceStoreCase, type NonceStoreSubject, nonceStoreContract } from './nonce-store-contract.ts'
export { type OneTimeStoreCase, type OneTimeStoreSubject, oneTimeStoreContract } from './one-time-store-contract.ts'
export { rememberStoreContract } from './remember-store-contract.ts'
export { type TestRequestOptions, testRequest } from './request.ts'
export type { RememberStoreSubject, SessionStoreSubject, StoreCase, StoreSubject } from './session-store/kit.ts'
export { sessionStoreContract } from './session-store-contract.ts'
export { type TestClock, testClock } from './test-clock.ts'
