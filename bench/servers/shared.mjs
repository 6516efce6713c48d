import { createHash } from 'node:crypto'

/** What every server of the bench answers, and whom it lets in. All libraries get the same functions. */

export const answer = { hello: 'world' }
export const answerText = JSON.stringify(answer)
export const person = Object.freeze({ name: 'ada' })

export function checkPassword(username, password) {
  return username === 'ada' && password === 'lovelace' ? person : null
}

export function checkToken(token) {
  return token === 'ada-token' ? person : null
}

/** H(ada:bench:lovelace), as services keep it for Digest. */
const hashes = {
  MD5: createHash('md5').update('ada:bench:lovelace').digest('hex'),
  'SHA-256': createHash('sha256').update('ada:bench:lovelace').digest('hex'),
}

export function hashOf(username, algorithm) {
  return username === 'ada' ? hashes[algorithm] : null
}

/** Tells the parent where the server listens, and how much processor time it has used when asked. */
export function report(port) {
  process.on('message', () => process.send({ cpu: process.cpuUsage() }))
  process.on('disconnect', () => process.exit(0))
  process.send({ port })
}
