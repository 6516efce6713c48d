import { vi } from 'vitest'
import { describeAttackTokens } from './attack-tokens.ts'
import { describeSignatures } from './signatures.ts'

vi.mock('#jws', () => import('../../src/keys/jws-web.ts'))
vi.mock('#crypto', () => import('../../src/crypto/web.ts'))

describeAttackTokens('jose')
describeSignatures('jose')
