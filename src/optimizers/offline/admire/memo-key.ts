import { createHash } from 'node:crypto'
import type { Rng } from '../../random.js'

/** Names something by all that it is computed from: numbers, settings (JSON), and the stream of its random numbers. */
export function memoKey(
  what: string,
  data: readonly (Float64Array | Int32Array)[],
  settings: unknown,
  rng: Rng,
): string {
  const hash = createHash('sha256')
  for (const { buffer, byteOffset, byteLength } of data) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  }
  hash.update(JSON.stringify([settings, rng.fork('key').uniform()]))
  return `admire ${what} ${hash.digest('hex')}`
}
