export {
  type Credentials,
  formatAuthorization,
  type ParameterCredentials,
  parseAuthorization,
  type Token68Credentials,
} from './authorization.ts'
export {
  type Challenge,
  formatChallenge,
  formatChallenges,
  type ParsedChallenge,
  parseChallenges,
} from './challenges.ts'
export { type ExtendedValue, formatExtendedValue, parseExtendedValue } from './extended-value.ts'
export { safeReturnTo } from './return-to.ts'
