/** One value of BER, taken apart as far as it goes. */
export interface Tree {
  readonly tag: number
  readonly content: Uint8Array
  readonly whole: Uint8Array
  readonly length: number
  readonly parts: readonly Tree[]
}

/** Reads the first value; `undefined` as long as it is not all there. */
export function treeOf(bytes: Uint8Array): Tree | undefined {
  const [tag, first] = bytes
  if (tag === undefined || first === undefined) return undefined
  const more = first < 0x80 ? 0 : first - 0x80
  // What is no BER, such as the greeting of TLS, never becomes complete.
  if (more > 4 || bytes.length < 2 + more) return undefined
  const size = more === 0 ? first : Buffer.from(bytes.subarray(2, 2 + more)).readUIntBE(0, more)
  const length = 2 + more + size
  if (bytes.length < length) return undefined
  const content = bytes.subarray(2 + more, length)
  return { tag, content, whole: bytes.subarray(0, length), length, parts: (tag & 0x20) === 0 ? [] : partsOf(content) }
}

function partsOf(content: Uint8Array): readonly Tree[] {
  const parts: Tree[] = []
  for (let rest = content; rest.length > 0; ) {
    const part = treeOf(rest)
    if (part === undefined) break
    parts.push(part)
    rest = rest.subarray(part.length)
  }
  return parts
}

/** Writes a value; `long` writes its length in four octets. */
export function tlv(tag: number, contents: readonly Uint8Array[], long = false): Uint8Array {
  const content = Buffer.concat(contents)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(content.length)
  const header = long || content.length > 0x7f ? [tag, 0x84, ...size] : [tag, content.length]
  return Buffer.concat([Uint8Array.from(header), content])
}

export function sequence(contents: readonly Uint8Array[], long = false): Uint8Array {
  return tlv(0x30, contents, long)
}

export function octets(value: string | Uint8Array, long = false): Uint8Array {
  return tlv(0x04, [typeof value === 'string' ? Buffer.from(value) : value], long)
}

/** An integer of one octet. */
export function integer(value: number): Uint8Array {
  return Uint8Array.of(0x02, 1, value)
}

/** A result code. */
export function enumerated(value: number): Uint8Array {
  return Uint8Array.of(0x0a, 1, value)
}

/** The value of the answer of a password policy: a warning and an error, either of which may be left out. */
export function policyValue({
  expires,
  grace,
  error,
}: {
  readonly expires?: number
  readonly grace?: number
  readonly error?: number
}): Uint8Array {
  const warning = (tag: number, value: number) => tlv(0xa0, [tlv(tag, [Uint8Array.of(value >> 8, value & 0xff)])])
  return sequence([
    ...(expires === undefined ? [] : [warning(0x80, expires)]),
    ...(grace === undefined ? [] : [warning(0x81, grace)]),
    ...(error === undefined ? [] : [Uint8Array.of(0x81, 1, error)]),
  ])
}
