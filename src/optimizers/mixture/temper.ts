/**
 * The prior raised to a power and renormalised: q_i^exponent / Σ q^exponent. Exponents below 1 flatten it (RegMix's
 * temperature 0.5; sampling "temperature" τ is exponent 1/τ), 0 gives every domain that has any weight the same.
 * @param prior m finite numbers ≥ 0 with a positive sum; zeros stay 0
 * @param exponent a finite number
 * @throws RangeError when an argument is outside its range
 */
export function temperedPrior(prior: ArrayLike<number>, exponent: number): Float64Array {
  if (!Number.isFinite(exponent)) throw new RangeError(`the exponent is ${exponent}`)
  const logs = Float64Array.from({ length: prior.length }, (_, i) => {
    if (!(prior[i] >= 0 && prior[i] < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`entry ${i} of the prior is ${prior[i]}`)
    }
    return prior[i] === 0 ? Number.NEGATIVE_INFINITY : exponent * Math.log(prior[i])
  })
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  if (largest === Number.NEGATIVE_INFINITY) throw new RangeError('the prior sums to 0')
  const powers = logs.map((log) => Math.exp(log - largest))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}
