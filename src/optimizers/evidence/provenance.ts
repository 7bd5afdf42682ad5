import { createHash } from 'node:crypto'
import { VERSION } from '../../version.js'
import { hashCanonical } from '../canonical-json.js'
import type { CompleteProblem } from '../problem.js'
import type { Recommendation } from '../recommendation.js'
import type { RunTable } from '../types.js'

/** What a recommendation is made from: the same four give the same answer. */
export function provenanceOf(
  problem: CompleteProblem,
  tables: readonly RunTable[],
  seed: number,
): Recommendation['provenance'] {
  return {
    seed,
    problemHash: hashCanonical(problem),
    dataHash: dataHash(tables),
    version: VERSION,
  }
}

/** SHA-256 (hex) over every run used: names, weights as given, and values. Two fits with equal hashes saw the same data. */
function dataHash(tables: readonly RunTable[]): string {
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
