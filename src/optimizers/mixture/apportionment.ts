/**
 * Whole numbers in proportion to the weights that sum exactly to `total`, by largest remainder (Hamilton's method): each
 * is its quota rounded down or up, where quota_i = total · w_i / Σ w. Ties go to the smaller index. All arithmetic is exact.
 * @param weights finite numbers ≥ 0 with a positive sum
 * @param total tokens or samples to give out: an integer from 0 to 2^53 − 1
 * @returns as many integers as weights
 * @throws RangeError when an argument is outside its range
 */
export function apportion(weights: ArrayLike<number>, total: number): Float64Array {
  if (!Number.isSafeInteger(total) || total < 0) {
    throw new RangeError(`the total has to be an integer from 0 to 2^53 − 1, not ${total}`)
  }
  const scaled = exactIntegers(weights)
  const sum = scaled.reduce((a, b) => a + b, 0n)
  if (sum === 0n) throw new RangeError('the weights sum to 0')
  const products = scaled.map((weight) => weight * BigInt(total))
  const remainders = products.map((product) => product % sum)
  const counts = Float64Array.from(products, (product) => Number(product / sum))
  let left = total - counts.reduce((a, b) => a + b, 0)
  const order = [...remainders.keys()].sort((i, j) => {
    if (remainders[i] === remainders[j]) return i - j
    return remainders[i] > remainders[j] ? -1 : 1
  })
  for (const i of order) {
    if (left === 0) break
    counts[i] += 1
    left -= 1
  }
  return counts
}

/** The weights times one common power of two that makes all of them integers: doubles are dyadic fractions. */
function exactIntegers(weights: ArrayLike<number>): bigint[] {
  const parts = Array.from(weights, (weight, i) => {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`weight ${i} has to be a finite number ≥ 0, not ${weight}`)
    }
    return dyadic(weight)
  })
  const smallest = parts.reduce((least, part) => Math.min(least, part.exponent), 0)
  return parts.map((part) => part.mantissa << BigInt(part.exponent - smallest))
}

/** value = mantissa · 2^exponent, read from the bits (IEEE 754 binary64). */
function dyadic(value: number): { mantissa: bigint; exponent: number } {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const word = bits.getBigUint64(0)
  const biased = Number(word >> 52n)
  const fraction = word & ((1n << 52n) - 1n)
  if (biased === 0) return { mantissa: fraction, exponent: -1074 }
  return { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}
