import { accessSync, appendFileSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The programs that tests may need, and the names under which machines have them. */
const binaries = {
  ab: ['ab'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  curl: ['curl'],
  htdigest: ['htdigest'],
  htpasswd: ['htpasswd'],
  httpie: ['http'],
  openssl: ['openssl'],
  python3: ['python3'],
  'redis-server': ['redis-server', 'valkey-server'],
  slapd: ['slapd'],
  wget: ['wget'],
} as const

export type ServiceName = keyof typeof binaries

/**
 * Finds a program on this machine: its path, or undefined where it is absent.
 *
 * Call it while tests are collected and skip by the answer: `describe.skipIf(!curl)`. An absent one is named at the
 * end of the run; with `BECAUTH_REQUIRE_SERVICES=1` (CI) it throws instead, so that nothing is skipped there.
 */
export function service(name: ServiceName): string | undefined {
  const path = binaries[name].map(onPath).find((found) => found !== undefined)
  if (path !== undefined) return path
  if (process.env.BECAUTH_REQUIRE_SERVICES === '1') {
    throw new Error(`${name} is not on this machine, and BECAUTH_REQUIRE_SERVICES=1 lets no test be skipped`)
  }
  const notes = process.env.BECAUTH_ABSENT_SERVICES
  if (notes !== undefined) appendFileSync(notes, `${name}\n`)
  return undefined
}

function onPath(binary: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, binary))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
