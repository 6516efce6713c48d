interface Curve {
  /** Octets of a coordinate. */
  readonly octets: number
  readonly p: bigint
  readonly b: bigint
}

const curves: Readonly<Record<string, Curve>> = {
  'P-256': {
    octets: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    octets: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  'P-521': {
    octets: 66,
    p: 2n ** 521n - 1n,
    b: BigInt(
      '0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109' +
        'e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00',
    ),
  },
}

/** Answers how many octets a coordinate has on a curve of NIST's, or `undefined` for any other curve. */
export function coordinateOctets(crv: string): number | undefined {
  return Object.hasOwn(curves, crv) ? curves[crv]?.octets : undefined
}

/**
 * Tells whether a point lies on its curve: y² = x³ − 3x + b. Not every runtime looks, and a key must be good on all or none.
 *
 * @see SP 800-186, section 3.2.1; SP 800-56A, section 5.6.2.3.4
 */
export function isOnCurve(crv: string, x: Uint8Array, y: Uint8Array): boolean {
  const curve = Object.hasOwn(curves, crv) ? curves[crv] : undefined
  if (curve === undefined || x.length !== curve.octets || y.length !== curve.octets) return false
  const { p, b } = curve
  const [px, py] = [numberOf(x), numberOf(y)]
  return px < p && py < p && (py * py - (px * px - 3n) * px - b) % p === 0n
}

function numberOf(octets: Uint8Array): bigint {
  let digits = '0x0'
  for (const octet of octets) digits += octet.toString(16).padStart(2, '0')
  return BigInt(digits)
}
