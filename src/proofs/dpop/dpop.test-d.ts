import type { OneTimeStore } from '../../core/ports.ts'
import type { AuthenticationProvider } from '../../core/provider.ts'
import type { TokenProof } from '../../core/token-proof.ts'
import { bearer } from '../../providers/bearer/bearer.ts'
import { type ProtectedResource, protectedResource } from '../../resource/resource.ts'
import { certificateBound } from '../certificate-bound/certificate-bound.ts'
import { dpop } from './dpop.ts'

declare const store: OneTimeStore
declare const own: TokenProof

/** Proofs and a resource change nothing about the principal. */
export const resource: ProtectedResource = protectedResource({ resource: 'https://service.example/mcp' })
export const bound: AuthenticationProvider<{ id: number }> = bearer({
  validate: () => ({ id: 1 }),
  proofs: [dpop({ store, nonce: { lifetimeSeconds: 60 } }), certificateBound(), own],
  resource,
})

// @ts-expect-error a proof is no list of proofs
bearer({ validate: () => ({ id: 1 }), proofs: dpop() })
// @ts-expect-error something else than a proof
bearer({ validate: () => ({ id: 1 }), proofs: [{ confirms: 'jkt' }] })
// @ts-expect-error an address is no resource
bearer({ validate: () => ({ id: 1 }), resource: 'https://service.example/mcp' })
// @ts-expect-error a secret proves nothing about who has it
dpop({ algorithms: ['HS256'] })
// @ts-expect-error a key is octets or a text
dpop({ nonce: { keys: [7] } })
// @ts-expect-error the resource is required
protectedResource({ scopes: ['a'] })
// @ts-expect-error a list of scopes
protectedResource({ resource: 'https://service.example/mcp', scopes: 'a b' })
