import { AuthenticationError } from './cause.ts'

/** What adapters reject with when somebody has read the body before becauth and left nothing of it. */
export class BodyConsumed extends AuthenticationError {
  constructor(message: string) {
    super(message, { code: 'body-consumed' })
  }
}
