import { describeAttackTokens } from './attack-tokens.ts'
import { describeSignatures } from './signatures.ts'

describeAttackTokens('node:crypto')
describeSignatures('node:crypto')
