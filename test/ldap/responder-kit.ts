import { afterEach } from 'vitest'
import { type LdapVerifier, ldap } from '../../src/verifiers/ldap/ldap.ts'
import type { DirectoryUser, LdapOptions } from '../../src/verifiers/ldap/options.ts'
import {
  type Asked,
  type Reply,
  type Responder,
  type ResponderOptions,
  type Script,
  startResponder,
} from './ber-responder.ts'

export const PEOPLE = 'ou=people,dc=example'
export const ADA = `uid=ada,${PEOPLE}`
export const SERVICE = { dn: 'cn=web,dc=example', password: 'service secret' }

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

export function cleanUp(stop: () => unknown): void {
  stops.push(stop)
}

export async function responderOf(script: Script, options?: ResponderOptions): Promise<Responder> {
  const responder = await startResponder(script, options)
  cleanUp(responder.stop)
  return responder
}

export function verifier(options: LdapOptions): LdapVerifier<DirectoryUser> {
  const validate = ldap(options)
  cleanUp(() => validate.close())
  return validate
}

/** Search, then bind. */
export function searching(url: LdapOptions['url'], options: Partial<LdapOptions> = {}): LdapVerifier<DirectoryUser> {
  return verifier({ url, service: SERVICE, search: { base: PEOPLE, filter: '(uid={username})' }, ...options })
}

/** Bind by a template, which reads nothing. */
export function binding(url: LdapOptions['url'], options: Partial<LdapOptions> = {}): LdapVerifier<DirectoryUser> {
  return verifier({ url, bind: { dn: `uid={username},${PEOPLE}` }, ...options })
}

export function ask(validate: LdapVerifier<object>, username = 'ada', password = 'lovelace', signal = live()) {
  return validate({ username, password }, { signal })
}

function live(): AbortSignal {
  return new AbortController().signal
}

/** How a directory of one person behaves; whatever is left out works. */
export interface Behaviour {
  readonly service?: (reply: Reply, asked: Asked) => void
  readonly search?: (reply: Reply, asked: Asked) => void
  readonly user?: (reply: Reply, asked: Asked) => void
  readonly extended?: (reply: Reply, asked: Asked) => void
}

export function directory({ service, search, user, extended }: Behaviour = {}): Script {
  return (asked, reply) => {
    if (asked.operation === 'bind') {
      if (asked.name === SERVICE.dn) (service ?? ((to) => to.bind(0)))(reply, asked)
      else (user ?? checked)(reply, asked)
    } else if (asked.operation === 'search') (search ?? found)(reply, asked)
    else if (asked.operation === 'extended') (extended ?? ((to) => to.startTls()))(reply, asked)
  }
}

/** Says yes to the right password, and to an empty one, as servers do. */
export function checked(reply: Reply, { authentication }: Asked): void {
  reply.bind(authentication?.secret === 'lovelace' || authentication?.secret === '' ? 0 : 49)
}

/** Finds ada, whoever is searched for. */
export function found(reply: Reply): void {
  reply.entry(ADA)
  reply.done()
}

export function binds(responder: Responder): readonly Asked[] {
  return responder.asked.filter(({ operation, name }) => operation === 'bind' && name !== SERVICE.dn)
}

/** A promise and what settles it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
