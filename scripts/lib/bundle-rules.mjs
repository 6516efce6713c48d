const decision = ['core/', 'wire/']
const provider = (name) => ({ folders: [...decision, 'crypto/', `providers/${name}/`] })

/**
 * What the bundle of a subpath may hold: `folders` of dist, `packages` it may import, and whether modules of Node.
 * Whatever is not named here bleeds.
 */
export const bundleRules = {
  '.': { folders: ['index.js', ...decision], packages: ['ipaddr.js'] },
  './basic': provider('basic'),
  './bearer': provider('bearer'),
  './api-key': provider('api-key'),
  './form': provider('form'),
  './crypto': { folders: ['crypto/', 'wire/'] },
  './wire': { folders: ['wire/'] },
  './fetch': { folders: [...decision, 'adapters/fetch/'] },
  './hono': { folders: [...decision, 'adapters/hono/', 'adapters/fetch/'] },
  './node': { folders: [...decision, 'adapters/node/'], packages: ['on-headers'], node: true },
  './express': { folders: [...decision, 'adapters/express/', 'adapters/node/'], packages: ['on-headers'], node: true },
  './fastify': { folders: [...decision, 'adapters/fastify/', 'adapters/node/'], packages: ['on-headers'], node: true },
  './password': {
    folders: [...decision, 'crypto/', 'password/'],
    packages: ['bcryptjs'],
    node: true,
  },
  './htpasswd': { folders: [...decision, 'crypto/', 'verifiers/htpasswd/'], node: true },
  './htdigest': { folders: [...decision, 'crypto/', 'verifiers/htpasswd/'], node: true },
  './digest': { folders: [...decision, 'crypto/', 'providers/digest/', 'stores/memory/'] },
  './throttle': { folders: [...decision, 'crypto/', 'throttle/'], packages: ['ipaddr.js'] },
  './session': { folders: [...decision, 'crypto/', 'sessions/', 'providers/session/'], packages: ['cookie'] },
  './memory': { folders: ['stores/memory/'] },
  './sqlite': { folders: ['stores/sqlite/'], node: true },
  './redis': { folders: ['stores/redis/', 'core/'] },
  './postgres': { folders: ['stores/postgres/'] },
  './redis-limiter': { folders: ['stores/redis/'], packages: ['rate-limiter-flexible'] },
  './redis-nonces': { folders: ['stores/redis/'] },
  './redis-one-time': { folders: ['stores/redis/'] },
  './postgres-limiter': { folders: ['stores/postgres/'], packages: ['rate-limiter-flexible'] },
  './jwt': { folders: [...decision, 'crypto/', 'keys/', 'providers/jwt/'], packages: ['jose'] },
  './dpop': {
    folders: [...decision, 'crypto/', 'keys/', 'stores/memory/', 'proofs/dpop/'],
    packages: ['jose'],
  },
  './certificate-bound': { folders: [...decision, 'crypto/', 'proofs/certificate-bound/'] },
  './resource': { folders: [...decision, 'resource/'] },
  './introspection': {
    folders: [...decision, 'crypto/', 'keys/', 'providers/introspection/'],
    packages: ['jose', 'openid-client', 'oauth4webapi'],
  },
  './oauth1': { folders: [...decision, 'crypto/', 'stores/memory/', 'providers/oauth1/'], packages: ['cookie'] },
  './presets': { folders: [...decision, 'crypto/', 'keys/', 'providers/oauth2/'] },
  './oauth2': {
    folders: [...decision, 'crypto/', 'keys/', 'stores/memory/', 'providers/oauth2/'],
    packages: ['cookie', 'jose', 'openid-client', 'oauth4webapi'],
  },
  './oidc': {
    folders: [...decision, 'crypto/', 'keys/', 'stores/memory/', 'providers/oauth2/', 'providers/oidc/'],
    packages: ['cookie', 'jose', 'openid-client', 'oauth4webapi'],
  },
  './ldap': { folders: [...decision, 'crypto/', 'verifiers/ldap/'], packages: ['ldapts'], node: true },
  './keys': { folders: [...decision, 'crypto/', 'keys/'], packages: ['jose'] },
  './issuer': { folders: [...decision, 'crypto/', 'keys/', 'issuer/'], packages: ['jose'] },
  './testing': {
    folders: [...decision, 'crypto/', 'keys/', 'providers/', 'testing/'],
    packages: ['ipaddr.js', 'jose'],
    node: true,
  },
}

/** Files of dist that nothing imports: they are loaded by their address, as a worker is. */
export const loadedByAddress = ['dist/password/formats/crypt-worker.js']
