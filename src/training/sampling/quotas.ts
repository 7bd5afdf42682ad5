/** Room for rounding in products of weights and counts; far below what would move a count by one. */
const TOLERANCE = 1e-6

/**
 * Which domain each of a run's sequences comes from: after any number t of draws, domain i was drawn w_i · t times to
 * within 1 − 1/(2n − 2) < 1, n the number of domains with a weight. Earliest deadline first among those that are due
 * (R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32, 1980): no other rule keeps a smaller bound.
 * @param weights (domains) ≥ 0, sum 1
 * @param drawn (domains) how often each was drawn so far; changed by every draw
 * @returns index of the domain of the next sequence
 */
export function quotas(weights: Float64Array, drawn: Float64Array): () => number {
  const active = [...weights.keys()].filter((i) => weights[i] > 0)
  const margin = active.length > 1 ? 1 / (2 * active.length - 2) : 0
  let total = drawn.reduce((sum, count) => sum + count, 0)
  return () => {
    total += 1
    let chosen = -1
    let earliest = Number.POSITIVE_INFINITY
    for (const i of active) {
      const due = weights[i] * total - drawn[i] >= margin - TOLERANCE
      const deadline = (1 - margin + drawn[i]) / weights[i]
      if (due && deadline < earliest) {
        chosen = i
        earliest = deadline
      }
    }
    drawn[chosen] += 1
    return chosen
  }
}
