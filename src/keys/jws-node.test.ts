import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importKey } from './import-key.ts'
import { verifySignature } from './jws-node.ts'

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 300,
})

describe.each(['HS256', 'HS384', 'HS512'])('verifySignature() by %s', (alg) => {
  const tagOf = (octets: Uint8Array, text: string): Buffer =>
    createHmac(`sha${alg.slice(2)}`, octets)
      .update(text, 'latin1')
      .digest()
  const verifierOf = (octets: Uint8Array) => {
    const key = importKey(octets, { alg })
    return (text: string, signature: string) => verifySignature(key, alg, text, signature)
  }

  it('takes what Node signs, for secrets shorter and longer than a block, one text after the other', () => {
    const secret = fc.uint8Array({ minLength: 64, maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(secret, fc.array(latin1, { minLength: 1 }), (octets, texts) => {
        const verifies = verifierOf(octets)
        for (const text of texts) expect(verifies(text, tagOf(octets, text).toString('base64url'))).toBe(true)
      }),
    )
  })

  it.each([0, 1, 63, 64, 127, 128, 4095, 4096, 4097, 16_384])('takes what Node signs, %i characters long', (length) => {
    const octets = Buffer.alloc(70, 3)
    const verifies = verifierOf(octets)
    const [text, before] = ['x'.repeat(length), 'y'.repeat(4096)]
    // What a longer text leaves behind must not be hashed with a shorter one.
    expect(verifies(before, tagOf(octets, before).toString('base64url'))).toBe(true)
    expect(verifies(text, tagOf(octets, text).toString('base64url'))).toBe(true)
  })

  it.each(['short', 'x'.repeat(5000)])('refuses a tag with any bit turned, cut or lengthened', (text) => {
    const octets = Buffer.alloc(64, 7)
    const verifies = verifierOf(octets)
    const right = tagOf(octets, text)
    for (let bit = 0; bit < right.length * 8; bit++) {
      const wrong = Buffer.from(right)
      wrong.writeUInt8(wrong.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(verifies(text, wrong.toString('base64url'))).toBe(false)
    }
    for (const other of [right.subarray(1), right.subarray(0, -1), Buffer.concat([right, Buffer.alloc(1)])]) {
      expect(verifies(text, other.toString('base64url'))).toBe(false)
    }
    expect(verifies(text, right.toString('base64url'))).toBe(true)
    expect(verifies(text, '!'.repeat(right.toString('base64url').length))).toBe(false)
    expect(verifies(text, '')).toBe(false)
    expect(verifies(`${text}.`, right.toString('base64url'))).toBe(false)
    expect(verifies(text, right.toString('base64url'))).toBe(true)
  })
})
