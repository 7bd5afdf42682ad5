import type { Rng } from '../../random.js'
import { JOE_KUO_6 } from './joe-kuo-6.js'

/** Dimensions for which direction numbers are kept here. */
export const SOBOL_DIMENSIONS = 256

const BITS = 32
const SCALE = 2 ** -BITS

/** A low-discrepancy sequence on the unit cube. */
export interface SobolSequence {
  /** Writes the next point (one number a dimension) to `out` and returns it. At most 2^32 points. */
  next(out: Float64Array): Float64Array
}

/**
 * Sobol's sequence with the direction numbers of Joe and Kuo (2008), in the Gray-code order of Antonov and Saleev.
 * With an `rng` it is scrambled by a random linear matrix and a digital shift (Matoušek 1998), which keeps its evenness, makes
 * each point uniform and keeps every coordinate in (0, 1); without, it is the plain sequence, which begins with 0.
 * @param dimensions 1 to 256
 * @throws RangeError for more dimensions
 */
export function sobolSequence(dimensions: number, rng?: Rng): SobolSequence {
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > SOBOL_DIMENSIONS) {
    throw new RangeError(
      `Sobol sequences are available for 1 to ${SOBOL_DIMENSIONS} dimensions, not ${dimensions}`,
    )
  }
  const directions = directionNumbers(dimensions)
  const state = new Uint32Array(dimensions)
  if (rng) {
    for (let d = 0; d < dimensions; d++) {
      scramble(directions.subarray(d * BITS, (d + 1) * BITS), rng)
      state[d] = rng.integer(2 ** BITS)
    }
  }
  // Scrambled points are read at the middle of their cell: neither 0 nor 1 can come out.
  const offset = rng ? 0.5 : 0
  let index = 0

  function next(out: Float64Array): Float64Array {
    if (index >= 2 ** BITS) throw new RangeError('the Sobol sequence has ended')
    for (let d = 0; d < dimensions; d++) out[d] = (state[d] + offset) * SCALE
    index += 1
    if (index < 2 ** BITS) {
      // The lowest bit set in the index of the next point is the one digit that its Gray code changes.
      const digit = 31 - Math.clz32(index & -index)
      for (let d = 0; d < dimensions; d++) state[d] ^= directions[d * BITS + digit]
    }
    return out
  }

  return { next }
}

/** (dimensions × 32) direction numbers, as fractions of 2^32. */
function directionNumbers(dimensions: number): Uint32Array {
  const directions = new Uint32Array(dimensions * BITS)
  for (let k = 0; k < BITS; k++) directions[k] = 2 ** (BITS - 1 - k)
  const table = JOE_KUO_6.trim().split(/\s+/)
  for (let d = 1; d < dimensions; d++) {
    const [polynomial, initial] = table[d - 1].split(':')
    const row = directions.subarray(d * BITS, (d + 1) * BITS)
    fillRow(row, Number(polynomial), initial.split(',').map(Number))
  }
  return directions
}

/** Sobol's recurrence v_k = c_1 v_{k−1} ⊕ … ⊕ c_{s−1} v_{k−s+1} ⊕ v_{k−s} ⊕ (v_{k−s} / 2^s). */
function fillRow(row: Uint32Array, polynomial: number, initial: readonly number[]): void {
  const degree = initial.length
  for (let k = 0; k < BITS; k++) {
    if (k < degree) {
      row[k] = initial[k] * 2 ** (BITS - 1 - k)
      continue
    }
    let value = row[k - degree] ^ (row[k - degree] >>> degree)
    for (let j = 1; j < degree; j++) {
      if ((polynomial >>> (degree - j)) & 1) value ^= row[k - j]
    }
    row[k] = value >>> 0
  }
}

/** Multiplies direction numbers by a random lower triangular binary matrix with a unit diagonal. */
function scramble(row: Uint32Array, rng: Rng): void {
  const columns = new Uint32Array(BITS)
  // Column j says which output digits the j-th digit (from the most significant) enters: itself and lower ones at random.
  for (let j = 0; j < BITS; j++) {
    const diagonal = 2 ** (BITS - 1 - j)
    columns[j] = diagonal + rng.integer(diagonal)
  }
  for (let k = 0; k < BITS; k++) {
    let value = 0
    for (let j = 0; j < BITS; j++) {
      if ((row[k] >>> (BITS - 1 - j)) & 1) value ^= columns[j]
    }
    row[k] = value >>> 0
  }
}
