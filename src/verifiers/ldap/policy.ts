import { elements } from './ber.ts'
import type { PasswordWarnings } from './options.ts'

/** What an answer to a bind says about the password, beside yes or no. */
export interface PolicyAnswer {
  readonly error?: 'expired' | 'locked' | 'must-change' | 'other' | undefined
  readonly warnings: PasswordWarnings
}

/** The control with which a client asks for it, and with which the server answers. */
export const PASSWORD_POLICY = '1.3.6.1.4.1.42.2.27.8.5.1'

const SEQUENCE = 0x30
const WARNING = 0xa0
const ERROR = 0x81
const EXPIRES = 0x80
const GRACE = 0x81
const errors = ['expired', 'locked', 'must-change'] as const

/**
 * Reads the value of the answer's control. Answers `undefined` for octets that are none.
 *
 * @see draft-behera-ldap-password-policy-10, section 6.2
 */
export function parsePolicy(octets: Uint8Array): PolicyAnswer | undefined {
  const [value, ...rest] = elements(octets) ?? []
  if (value === undefined || value.tag !== SEQUENCE || rest.length > 0) return undefined
  const parts = elements(value.content)
  if (parts === undefined) return undefined
  let answer: PolicyAnswer = { warnings: {} }
  for (const { tag, content } of parts) {
    if (tag === ERROR) {
      const number = unsigned(content)
      if (number === undefined) return undefined
      answer = { ...answer, error: errors[number] ?? 'other' }
    } else if (tag === WARNING) {
      const warnings = parseWarning(content)
      if (warnings === undefined) return undefined
      answer = { ...answer, warnings }
    }
  }
  return answer
}

function parseWarning(octets: Uint8Array): PasswordWarnings | undefined {
  const [warning] = elements(octets) ?? []
  const number = warning === undefined ? undefined : unsigned(warning.content)
  if (number === undefined) return undefined
  if (warning?.tag === EXPIRES) return { expiresInSeconds: number }
  return warning?.tag === GRACE ? { graceLogins: number } : {}
}

/** An integer of up to five octets. A negative one says nothing here, and is 0. */
function unsigned(octets: Uint8Array): number | undefined {
  const [first] = octets
  if (first === undefined || octets.length > 5) return undefined
  return first >= 0x80 ? 0 : octets.reduce((value, octet) => value * 256 + octet, 0)
}
