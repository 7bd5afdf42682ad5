import { createHash } from 'node:crypto'

/** Bytes of a hash that tell documents apart: two of 10^9 documents collide with a probability of 10^-21. */
export const HASH_BYTES = 16

/** SHA-256 of a document's UTF-8 bytes. */
export function contentHash(text: Uint8Array): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The leading 52 bits of a hash as a number in [0, 1): the same for the same text, whatever else is ingested. */
export function splitShare(hash: Buffer): number {
  return (hash.readUInt32BE(0) * 2 ** 20 + (hash.readUInt32BE(4) >>> 12)) / 2 ** 52
}
