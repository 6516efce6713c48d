/**
 * A hash function of HTTP Digest, by the name that it has there. `SHA-512-256` is SHA-512/256 of FIPS 180-4, which is not
 * SHA-512 cut short.
 *
 * @see RFC 7616, section 6.1
 */
export type DigestHash = 'MD5' | 'SHA-256' | 'SHA-512-256'
