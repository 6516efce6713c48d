import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateSigningKey, type Jwk, type SigningKey, signingKey } from 'becauth/issuer'

/**
 * Reads the key that signs tokens from the folder, and makes one where there is none: tokens outlive a restart.
 *
 * @throws Error when the file holds something else.
 */
export async function openSigningKey(folder: string): Promise<SigningKey> {
  const file = join(folder, 'signing-key.json')
  const jwk = read(file) ?? (await create(file))
  return signingKey(jwk)
}

function read(file: string): Jwk | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Of several processes that begin at once, the first one's key is everybody's, and nobody reads half a file. */
async function create(file: string): Promise<Jwk> {
  const made = await generateSigningKey()
  const own = `${file}.${process.pid}`
  writeFileSync(own, JSON.stringify(made), { mode: 0o600 })
  try {
    linkSync(own, file)
    return made
  } catch (error) {
    const other = isCode(error, 'EEXIST') ? read(file) : undefined
    if (other === undefined) throw error
    return other
  } finally {
    rmSync(own)
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
