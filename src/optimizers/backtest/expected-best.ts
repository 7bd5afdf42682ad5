/**
 * What random search can expect of k runs: the mean, over all choices of k among the n scores without replacement, of the lowest
 * score chosen, Σᵢ v₍ᵢ₎ C(n−1−i, k−1) / C(n, k) with v sorted lowest first. The weights follow from one another by
 * factors in [0, 1], so that no binomial coefficient is formed and nothing cancels.
 * @param scores n finite values, lower is better
 * @param k an integer from 1 to n
 * @throws RangeError for a score that is not finite, or k out of range
 */
export function expectedBestOf(scores: ArrayLike<number>, k: number): number {
  const sorted = Float64Array.from(scores).sort()
  const n = sorted.length
  if (!sorted.every(Number.isFinite)) throw new RangeError('scores have to be finite')
  if (!(Number.isInteger(k) && k >= 1 && k <= n)) {
    throw new RangeError(`the best of k of ${n} scores needs an integer k from 1 to ${n}, not ${k}`)
  }
  let weight = k / n
  let expected = 0
  for (let i = 0; i <= n - k; i++) {
    expected += weight * sorted[i]
    weight *= (n - k - i) / (n - 1 - i)
  }
  return expected
}
