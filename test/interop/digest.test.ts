import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DigestOptions } from 'becauth/digest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { service } from '../services.ts'
import { run } from './commands.ts'
import { type DigestService, type Exchange, startDigestService } from './digest-service.ts'
import { pythonWith } from './python.ts'

const chromium = service('chromium')
const requests = service('python3') && (await pythonWith('requests'))
const httpx = service('python3') && (await pythonWith('httpx'))

/** Asks for paths one after the other, by one client that keeps what it learns where it can. */
type Ask = (program: string, urls: readonly string[], name: string, password: string) => Promise<unknown>

const session = `import sys, requests
from requests.auth import HTTPDigestAuth
name, password, *urls = sys.argv[1:]
session = requests.Session()
session.auth = HTTPDigestAuth(name, password)
for url in urls: print(session.get(url, timeout=10).status_code)`

const client = `import sys, httpx
name, password, *urls = sys.argv[1:]
with httpx.Client(auth=httpx.DigestAuth(name, password), trust_env=False) as client:
    for url in urls: print(client.get(url, timeout=10).status_code)`

const byCurl: Ask = (program, urls, name, password) =>
  run(program, ['-q', '-s', '-L', '--max-time', '10', '--digest', '-u', `${name}:${password}`, ...urls])
const byWget: Ask = (program, urls, name, password) =>
  run(program, [
    '--no-config',
    '--tries=1',
    '--timeout=10',
    '-q',
    '-O',
    '-',
    `--user=${name}`,
    `--password=${password}`,
    ...urls,
  ])
const byHttpie: Ask = (program, [url = ''], name, password) =>
  run(program, ['--ignore-stdin', '--print=hb', '-A', 'digest', '-a', `${name}:${password}`, url])
const byRequests: Ask = (program, urls, name, password) => run(program, ['-c', session, name, password, ...urls])
const byHttpx: Ask = (program, urls, name, password) => run(program, ['-c', client, name, password, ...urls])

const byChromium: Ask = async (program, urls, username, password) => {
  const { chromium: browser } = await import('playwright-core')
  const profile = mkdtempSync(join(tmpdir(), 'becauth-chromium-'))
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]
  const context = await browser.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args,
    httpCredentials: { username, password },
  })
  try {
    const page = await context.newPage()
    for (const url of urls) await page.goto(url)
  } finally {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
}

interface Client {
  readonly name: string
  readonly program: string | undefined
  readonly ask: Ask
  /** The algorithm with which it gets in where SHA-256 alone is offered, and where MD5 comes after it. */
  readonly offered: readonly [sha256: string | undefined, both: string | undefined]
}

const clients: readonly Client[] = [
  { name: 'curl', program: service('curl'), ask: byCurl, offered: ['SHA-256', 'SHA-256'] },
  { name: 'wget', program: service('wget'), ask: byWget, offered: [undefined, 'MD5'] },
  { name: 'requests', program: requests, ask: byRequests, offered: ['SHA-256', 'MD5'] },
  { name: 'httpx', program: httpx, ask: byHttpx, offered: ['SHA-256', 'SHA-256'] },
  { name: 'HTTPie', program: service('httpie'), ask: byHttpie, offered: ['SHA-256', 'SHA-256'] },
  { name: 'Chromium', program: chromium, ask: byChromium, offered: ['SHA-256', 'SHA-256'] },
]

const offers: readonly [what: string, options: Partial<DigestOptions>, index: 0 | 1][] = [
  ['SHA-256, the default', {}, 0],
  ['SHA-256 and MD5', { algorithms: ['SHA-256', 'MD5'] }, 1],
]

describe.each(offers)('Digest where the service offers %s', (_what, options, index) => {
  let digest: DigestService

  beforeAll(async () => {
    digest = await startDigestService(options)
  })
  afterAll(async () => {
    await digest.stop()
  })

  async function asked({ program = '', ask }: Client, name: string, password: string): Promise<readonly Exchange[]> {
    await ask(program, [`${digest.url}/first`], name, password)
    return digest.exchanges()
  }

  for (const one of clients) {
    const algorithm = one.offered[index]
    const title = algorithm === undefined ? `refuses the MD5 of ${one.name}` : `lets ${one.name} in by ${algorithm}`
    it.skipIf(one.program === undefined)(title, async () => {
      const [challenged, answered, ...more] = await asked(one, 'ada', 'lovelace')
      expect(challenged).toMatchObject({ status: 401, algorithm: undefined, nc: undefined })
      // To SHA-256 wget answers by MD5 and names no algorithm, which means MD5.
      const isIn = algorithm !== undefined
      expect(answered).toMatchObject({ status: isIn ? 200 : 401, nc: '00000001', algorithm, info: isIn })
      expect(more).toEqual([])
    })

    it.skipIf(one.program === undefined)(`refuses ${one.name} with a wrong password`, async () => {
      const answers = await asked(one, 'ada', 'byron')
      expect(answers.length).toBeGreaterThan(1)
      expect(answers.filter(({ status, stale }) => status !== 401 || stale)).toEqual([])
    })
  }
})

describe('Digest by clients that ask more than once', () => {
  let digest: DigestService

  beforeAll(async () => {
    digest = await startDigestService()
  })
  afterAll(async () => {
    await digest.stop()
  })

  const paths = ['/first', '/second', '/age', '/third']
  const lasting = clients.filter(({ name }) => ['requests', 'httpx', 'Chromium'].includes(name))
  for (const { name, program = '', ask } of lasting) {
    it.skipIf(program === '')(`${name} counts on, and takes a new nonce by itself when its own is stale`, async () => {
      await ask(
        program,
        paths.map((path) => `${digest.url}${path}`),
        'ada',
        'lovelace',
      )
      const seen = digest.exchanges()
      expect(seen.map(({ path, status, nc, stale }) => [path, status, nc, stale])).toEqual([
        ['/first', 401, undefined, false],
        ['/first', 200, '00000001', false],
        ['/second', 200, '00000002', false],
        ['/age', 200, '00000003', false],
        ['/third', 401, '00000004', true],
        ['/third', 200, '00000001', false],
      ])
    })
  }

  const curl = clients.find(({ name }) => name === 'curl')
  it.skipIf(curl?.program === undefined)('curl counts on across a redirect', async () => {
    await curl?.ask(curl.program ?? '', [`${digest.url}/redirect`], 'ada', 'lovelace')
    expect(digest.exchanges().map(({ path, status, nc }) => [path, status, nc])).toEqual([
      ['/redirect', 401, undefined],
      ['/redirect', 302, '00000001'],
      ['/second', 200, '00000002'],
    ])
  })

  const names = clients.filter(({ name }) => ['curl', 'requests', 'HTTPie', 'Chromium'].includes(name))
  for (const { name, program = '', ask } of names) {
    it.skipIf(program === '')(`${name} gets in with a name and a password beyond ASCII`, async () => {
      await ask(program, [`${digest.url}/first`], 'Jäsøn', 'Sécret')
      expect(digest.exchanges().map(({ status }) => status)).toEqual([401, 200])
    })
  }
})
