import type { BerReader, BerWriter, Client, Control, Filter } from 'ldapts'
import { encodeFilter } from '../../wire/ldap-filter.ts'
import { DirectoryUnavailable } from './errors.ts'
import { PASSWORD_POLICY } from './policy.ts'

/** What is used of the package ldapts. */
export interface Ldapts {
  /** Makes a client of a socket that is connected already. */
  client(socket: () => import('node:net').Socket): Client
  /** Makes a request for the password policy's answer; good for one bind. */
  policyRequest(): PolicyRequest
  /** Makes the filter of a text in the syntax of RFC 4515. */
  filter(text: string): Filter
}

interface PolicyRequest {
  readonly control: Control
  /** The value of the answer, once it is there. */
  readonly answer: Uint8Array | undefined
}

/**
 * Loads ldapts, a peer that only this verifier needs.
 *
 * @throws AuthenticationError, as a rejection, when it is not installed.
 */
export async function loadLdapts(load: () => Promise<typeof import('ldapts')>): Promise<Ldapts> {
  const ldapts = await load().catch((error: unknown) => {
    throw new DirectoryUnavailable('needs the package "ldapts" in version 8', error)
  })

  // ldapts reads only controls that the request had, into the object that asked.
  class PolicyControl extends ldapts.Control {
    answer: Uint8Array | undefined

    constructor() {
      super(PASSWORD_POLICY)
    }

    protected override parseControl(reader: BerReader): void {
      this.answer = Uint8Array.from(reader.buffer)
    }
  }

  // Written by becauth, since ldapts reads escapes of its own.
  class EncodedFilter extends ldapts.PresenceFilter {
    readonly #octets: Uint8Array

    constructor(octets: Uint8Array) {
      super()
      this.#octets = octets
    }

    override write(writer: BerWriter): void {
      for (const octet of this.#octets) writer.writeByte(octet)
    }
  }

  return {
    client: (socket) => new ldapts.Client({ url: 'ldap://directory', createConnection: socket }),
    policyRequest: () => {
      const control = new PolicyControl()
      return {
        control,
        get answer() {
          return control.answer
        },
      }
    },
    filter: (text) => {
      const octets = encodeFilter(text)
      if (octets === undefined) throw new TypeError('ldap(): a search needs a filter in the syntax of RFC 4515')
      return new EncodedFilter(octets)
    },
  }
}
