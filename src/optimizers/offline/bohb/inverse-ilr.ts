/**
 * The mixture that has given isometric log-ratios zᵢ = √(i/(i+1)) ln(g(w₁…wᵢ)/wᵢ₊₁), i = 1…m − 1 (Egozcue et al. 2003): the
 * inverse of the Gaussian process's input map where that cuts no weight off.
 * @param coordinates m − 1 finite numbers
 * @returns m weights ≥ 0 that sum to 1
 */
export function fromIlr(coordinates: ArrayLike<number>): Float64Array {
  const logs = new Float64Array(coordinates.length + 1)
  let after = 0
  for (let j = coordinates.length; j >= 0; j--) {
    // Weight j is in the mean of all zᵢ with i > j, and alone in z_j.
    const alone = j > 0 ? Math.sqrt(j / (j + 1)) * coordinates[j - 1] : 0
    logs[j] = after - alone
    if (j > 0) after += coordinates[j - 1] / Math.sqrt(j * (j + 1))
  }
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const weights = logs.map((log) => Math.exp(log - largest))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}
