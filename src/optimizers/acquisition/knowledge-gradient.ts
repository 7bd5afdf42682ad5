import { logH, unitImprovement } from './expected-improvement.js'
import { LogSum } from './log-sum.js'

/**
 * Knowledge gradient of a run over finitely many alternatives: E[max_i(means_i + slopes_i Z)] −
 * max_i means_i for a standard normal Z, that is how much the largest posterior mean is expected to
 * rise. Exact, in O(m log m). Frazier, Powell and Dayanik (2009), The knowledge-gradient policy for
 * correlated normal beliefs, algorithms 1 and 2.
 * @param means posterior means of the m ≥ 1 alternatives, at the target fidelity
 * @param slopes posterior covariance of each alternative with the run's value, divided by the
 *   predictive standard deviation of that value, noise included
 * @returns ≥ 0; 0 when all slopes are equal
 * @throws RangeError when the lengths differ, there is no alternative or a number is not finite
 */
export function knowledgeGradient(means: ArrayLike<number>, slopes: ArrayLike<number>): number {
  let sum = 0
  visitKinks(means, slopes, (rise, distance) => {
    sum += rise * unitImprovement(-distance)
  })
  return sum
}

/**
 * Logarithm of `knowledgeGradient`, finite where that underflows; −Infinity when all slopes are
 * equal.
 * @throws RangeError as `knowledgeGradient`
 */
export function logKnowledgeGradient(means: ArrayLike<number>, slopes: ArrayLike<number>): number {
  const terms = new LogSum()
  visitKinks(means, slopes, (rise, distance) => {
    terms.add(Math.log(rise) + logH(-distance))
  })
  return terms.value
}

/**
 * Visits the kinks of the upper envelope of the lines means_i + slopes_i z: by how much the slope
 * rises there, and |z|.
 */
function visitKinks(
  means: ArrayLike<number>,
  slopes: ArrayLike<number>,
  visit: (rise: number, distance: number) => void,
): void {
  requireLines(means, slopes)
  const order = prominentLines(means, slopes)
  order.sort((i, j) => slopes[i] - slopes[j] || means[i] - means[j])
  /** order[0..last] holds the lines of the envelope so far; line k begins at z = starts[k]. */
  const starts = new Float64Array(order.length).fill(Number.NEGATIVE_INFINITY)
  let last = 0
  for (let next = 1; next < order.length; next++) {
    const line = order[next]
    let start = Number.NEGATIVE_INFINITY
    for (; last >= 0; last--) {
      start = crossing(means, slopes, order[last], line)
      if (start > starts[last]) break
    }
    last++
    order[last] = line
    starts[last] = last === 0 ? Number.NEGATIVE_INFINITY : start
  }
  for (let k = 1; k <= last; k++) {
    visit(slopes[order[k]] - slopes[order[k - 1]], Math.abs(starts[k]))
  }
}

/**
 * Leaves out lines that are below the envelope everywhere, for there is less to sort then: as points
 * (slope, mean) they lie under the chord from the smallest slope to the largest mean, or under that
 * from there to the largest slope.
 */
function prominentLines(means: ArrayLike<number>, slopes: ArrayLike<number>): Int32Array {
  let first = 0
  let top = 0
  let last = 0
  for (let i = 1; i < means.length; i++) {
    if (means[i] > means[top]) top = i
    if (comesBefore(slopes[i], -means[i], slopes[first], -means[first])) first = i
    if (comesBefore(-slopes[i], -means[i], -slopes[last], -means[last])) last = i
  }
  const lines = new Int32Array(means.length)
  let count = 0
  for (let i = 0; i < means.length; i++) {
    const end = slopes[i] < slopes[top] ? first : last
    const share = (slopes[i] - slopes[top]) / (slopes[end] - slopes[top])
    const chord = means[top] + share * (means[end] - means[top])
    if (i === end || !(means[i] < chord)) lines[count++] = i
  }
  return lines.subarray(0, count)
}

function comesBefore(a: number, b: number, otherA: number, otherB: number): boolean {
  return a < otherA || (a === otherA && b < otherB)
}

/** Where line j, which is not flatter and comes later in the order, rises above line i. */
function crossing(
  means: ArrayLike<number>,
  slopes: ArrayLike<number>,
  i: number,
  j: number,
): number {
  const rise = slopes[j] - slopes[i]
  return rise === 0 ? Number.NEGATIVE_INFINITY : (means[i] - means[j]) / rise
}

function requireLines(means: ArrayLike<number>, slopes: ArrayLike<number>): void {
  if (means.length === 0 || means.length !== slopes.length) {
    throw new RangeError(
      `expected as many means as slopes, got ${means.length} and ${slopes.length}`,
    )
  }
  for (let i = 0; i < means.length; i++) {
    if (!(Number.isFinite(means[i]) && Number.isFinite(slopes[i]))) {
      throw new RangeError(`alternative ${i} has mean ${means[i]} and slope ${slopes[i]}`)
    }
  }
}
