import { createHash } from 'node:crypto'
import type { RunTable } from '../types.js'

/** SHA-256 (hex) over every run used: names, weights as given, and values. Two fits with equal hashes saw the same data. */
export function dataHash(tables: readonly RunTable[]): string {
  const hash = createHash('sha256')
  for (const table of tables) {
    const { name, fidelity, runIds, raw, values } = table
    hash.update(JSON.stringify([name, fidelity, runIds, raw.columns, [...values.keys()]]))
    hash.update(bytes(raw.data))
    for (const column of values.values()) hash.update(bytes(column))
  }
  return hash.digest('hex')
}

function bytes(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}
