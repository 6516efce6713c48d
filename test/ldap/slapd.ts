import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listening, prepareDirectory } from '../../scripts/lib/slapd.mjs'
import { freePort, type RestartableServer, restartable, startServer } from '../servers/process.ts'
import { service } from '../services.ts'

/** The programs, or `undefined` where one is absent. */
export const slapd: string | undefined = service('slapd')
export const openssl: string | undefined = service('openssl')

/** A directory of the test's own. */
export interface Slapd extends RestartableServer {
  /** `ldap://127.0.0.1:port` */
  readonly url: string
  /** `ldaps://localhost:port`; the certificate is for `localhost` alone. */
  readonly secureUrl: string
  /** The same port as `url` by the name in the certificate. */
  readonly namedUrl: string
  readonly tls: Certificates | undefined
}

/** What was made for TLS, in PEM. */
interface Certificates {
  /** Signed the server's certificate. */
  readonly ca: string
  /** Signed nothing. */
  readonly wrongCa: string
  /** Of the service account, as a client: with it, SASL EXTERNAL needs no password. */
  readonly clientCert: string
  readonly clientKey: string
}

/** Starts slapd on free ports of the loopback interface. `secure` makes certificates, which needs openssl. */
export async function startSlapd(
  options: { readonly failures?: number; readonly secure?: boolean; readonly entries?: string } = {},
): Promise<Slapd> {
  const folder = await mkdtemp(join(tmpdir(), 'becauth-slapd-'))
  const [port, securePort] = [await freePort(), await freePort()]
  const tls = options.secure === true ? makeCertificates(join(folder, 'tls')) : undefined
  const { command, args, url } = prepareDirectory({
    folder,
    port,
    failures: options.failures ?? 0,
    entries: options.entries ?? '',
    ...(tls && { secure: { port: securePort, ...tls.files } }),
  })
  const server = await restartable(
    async () => {
      const started = await startServer(command, args, 'slapd starting')
      await listening(url)
      return started
    },
    () => rm(folder, { recursive: true, force: true }),
  )
  return {
    ...server,
    url,
    secureUrl: `ldaps://localhost:${securePort}`,
    namedUrl: `ldap://localhost:${port}`,
    tls,
  }
}

function makeCertificates(folder: string): Certificates & {
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string }
} {
  mkdirSync(folder)
  const path = (name: string) => join(folder, name)
  const text = (name: string) => readFileSync(path(name), 'utf8')
  const run = (...args: readonly string[]) => execFileSync(openssl ?? '', args, { cwd: folder, stdio: 'ignore' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  for (const name of ['ca', 'wrong']) {
    run('req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`)
  }
  writeFileSync(path('extensions'), 'subjectAltName=DNS:localhost\n')
  const signed = (name: string, subject: string) => {
    run('req', '-new', ...key, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    const ca = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'extensions']
    run('x509', '-req', '-in', `${name}.csr`, ...ca, '-days', '2', '-out', `${name}.pem`)
  }
  signed('server', '/CN=localhost')
  signed('client', '/DC=com/DC=example/OU=services/CN=web')
  return {
    ca: text('ca.pem'),
    wrongCa: text('wrong.pem'),
    clientCert: text('client.pem'),
    clientKey: text('client.key'),
    files: { ca: path('ca.pem'), cert: path('server.pem'), key: path('server.key') },
  }
}
