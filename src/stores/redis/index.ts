export type {
  IoredisCluster,
  IoredisConnection,
  NodeRedisCluster,
  NodeRedisConnection,
  RedisSessionClient,
  ReplicaWait,
} from './client.ts'
export type { RedisWarning } from './durability.ts'
export type { RedisStoreOptions } from './redis.ts'
export { type RedisRememberStore, redisRememberStore } from './remember-store.ts'
export { type RedisSessionStore, redisSessionStore } from './session-store.ts'
