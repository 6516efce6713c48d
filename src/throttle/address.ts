import ipaddr from 'ipaddr.js'

/** What an address is counted under: itself and the network around it. */
export interface Place {
  readonly address: string
  readonly network: string
}

/**
 * Turns a client's address into what is counted: IPv4 as /32 within /24, IPv6 as /64 within /48, since whoever has one
 * IPv6 address has the whole /64. IPv4 inside IPv6 counts as IPv4. `undefined` for what is not an address.
 *
 * @see RFC 6177, section 2
 */
export function placeOf(address: string | undefined): Place | undefined {
  if (address === undefined) return undefined
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ofOctets(ipaddr.IPv4.parse(address).octets)
  if (!ipaddr.IPv6.isValid(address)) return undefined
  const six = ipaddr.IPv6.parse(address)
  if (six.isIPv4MappedAddress()) return ofOctets(six.toIPv4Address().octets)
  const parts = six.parts.map((part) => part.toString(16))
  return { address: `${parts.slice(0, 4).join(':')}::/64`, network: `${parts.slice(0, 3).join(':')}::/48` }
}

function ofOctets(octets: readonly number[]): Place {
  return { address: octets.join('.'), network: `${octets.slice(0, 3).join('.')}.0/24` }
}
