import type { Scores } from '../recommendation.js'

/** Mean of the values; NaN when there are none. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}

/** Sample standard deviation (divisor n − 1); 0 for fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return 0
  const centre = mean(values)
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i] - centre) ** 2
  return Math.sqrt(sum / (values.length - 1))
}

/** Square root of the mean square; 0 when there are no values. */
export function rootMeanSquare(values: ArrayLike<number>): number {
  if (values.length === 0) return 0
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2
  return Math.sqrt(sum / values.length)
}

/**
 * Quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996).
 * @param probability in [0, 1]
 * @returns NaN when there are no values
 */
export function quantile(values: ArrayLike<number>, probability: number): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`a quantile needs a probability in [0, 1], got ${probability}`)
  }
  if (values.length === 0) return Number.NaN
  const sorted = Float64Array.from(values).sort()
  const position = probability * (sorted.length - 1)
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (position - below) * (sorted[above] - sorted[below])
}

/** Ranks from 1; equal values share the mean of their ranks. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = ascendingOrder(values)
  const ranks = new Float64Array(values.length)
  for (let first = 0; first < order.length; ) {
    let end = first + 1
    while (end < order.length && values[order[end]] === values[order[first]]) end++
    for (let k = first; k < end; k++) ranks[order[k]] = (first + 1 + end) / 2
    first = end
  }
  return ranks
}

/**
 * Spearman's rank correlation with average ranks; null for fewer than two pairs or a constant
 * input.
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  requireEqualLengths(a, b)
  return pearson(averageRanks(a), averageRanks(b))
}

/** Pearson's correlation; null for fewer than two pairs or a constant input. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  requireEqualLengths(a, b)
  const centreA = mean(a)
  const centreB = mean(b)
  let cross = 0
  let squareA = 0
  let squareB = 0
  for (let i = 0; i < a.length; i++) {
    cross += (a[i] - centreA) * (b[i] - centreB)
    squareA += (a[i] - centreA) ** 2
    squareB += (b[i] - centreB) ** 2
  }
  if (a.length < 2 || squareA === 0 || squareB === 0) return null
  return Math.max(-1, Math.min(1, cross / geometricMean(squareA, squareB)))
}

/**
 * Kendall's τ-b in O(n log n) (Knight 1966): discordant pairs are the exchanges a merge sort by b
 * makes once the pairs are sorted by (a, b). Null for fewer than two pairs or a constant input.
 */
export function kendall(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  requireEqualLengths(a, b)
  const n = a.length
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => a[i] - a[j] || b[i] - b[j] || i - j,
  )
  const sortedA = Float64Array.from(order, (i) => a[i])
  const sortedB = Float64Array.from(order, (i) => b[i])
  const pairs = (n * (n - 1)) / 2
  const tiedA = tiedPairs(n, (i) => sortedA[i] === sortedA[i - 1])
  const tiedBoth = tiedPairs(
    n,
    (i) => sortedA[i] === sortedA[i - 1] && sortedB[i] === sortedB[i - 1],
  )
  const exchanges = countExchanges(sortedB)
  const tiedB = tiedPairs(n, (i) => sortedB[i] === sortedB[i - 1])
  if (n < 2 || tiedA === pairs || tiedB === pairs) return null
  const concordantMinusDiscordant = pairs - tiedA - tiedB + tiedBoth - 2 * exchanges
  return concordantMinusDiscordant / geometricMean(pairs - tiedA, pairs - tiedB)
}

/**
 * √(a b), exact for equal arguments, so that perfect agreement of ranks is ±1 and not 1 − 1e-16.
 */
function geometricMean(a: number, b: number): number {
  return a === b ? a : Math.sqrt(a) * Math.sqrt(b)
}

/** Mean absolute difference; null when there are no pairs. */
export function mae(predicted: ArrayLike<number>, measured: ArrayLike<number>): number | null {
  requireEqualLengths(predicted, measured)
  if (predicted.length === 0) return null
  let sum = 0
  for (let i = 0; i < predicted.length; i++) sum += Math.abs(predicted[i] - measured[i])
  return sum / predicted.length
}

/** Root of the mean squared difference; null when there are no pairs. */
export function rmse(predicted: ArrayLike<number>, measured: ArrayLike<number>): number | null {
  requireEqualLengths(predicted, measured)
  if (predicted.length === 0) return null
  return Math.sqrt(sumOfSquaredErrors(predicted, measured) / predicted.length)
}

/**
 * Coefficient of determination 1 − SSE / SST; null for fewer than two pairs or a constant
 * measurement.
 */
export function r2(predicted: ArrayLike<number>, measured: ArrayLike<number>): number | null {
  requireEqualLengths(predicted, measured)
  const centre = mean(measured)
  let total = 0
  for (let i = 0; i < measured.length; i++) total += (measured[i] - centre) ** 2
  if (measured.length < 2 || total === 0) return null
  return 1 - sumOfSquaredErrors(predicted, measured) / total
}

/** How predictions agree with measurements; what is undefined is null. */
export function scores(predicted: ArrayLike<number>, measured: ArrayLike<number>): Scores {
  return {
    spearman: spearman(predicted, measured),
    kendall: kendall(predicted, measured),
    mae: mae(predicted, measured),
    rmse: rmse(predicted, measured),
    r2: r2(predicted, measured),
  }
}

/**
 * Standard deviation of the residuals of a fit with the given number of free parameters (divisor n
 * − parameters, at least 1).
 */
export function residualDeviation(
  predicted: ArrayLike<number>,
  measured: ArrayLike<number>,
  parameters: number,
): number {
  const freedom = Math.max(1, measured.length - parameters)
  return Math.sqrt(sumOfSquaredErrors(predicted, measured) / freedom)
}

function sumOfSquaredErrors(predicted: ArrayLike<number>, measured: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < predicted.length; i++) sum += (predicted[i] - measured[i]) ** 2
  return sum
}

function requireEqualLengths(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length) {
    throw new RangeError(`expected as many values on both sides, got ${a.length} and ${b.length}`)
  }
}

function ascendingOrder(values: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: values.length }, (_, i) => i).sort(
    (i, j) => values[i] - values[j] || i - j,
  )
}

/** Pairs within runs of equal entries; `equalsPrevious(i)` compares entry i with entry i − 1. */
function tiedPairs(length: number, equalsPrevious: (i: number) => boolean): number {
  let pairs = 0
  let run = 0
  for (let i = 1; i < length; i++) {
    run = equalsPrevious(i) ? run + 1 : 0
    pairs += run
  }
  return pairs
}

/**
 * Sorts in place by merging and returns the number of exchanges of neighbours that this amounts to.
 */
function countExchanges(values: Float64Array): number {
  const merged = new Float64Array(values.length)
  let exchanges = 0
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length)
      const end = Math.min(start + 2 * width, values.length)
      let left = start
      let right = middle
      for (let k = start; k < end; k++) {
        if (right >= end || (left < middle && values[left] <= values[right])) {
          merged[k] = values[left++]
        } else {
          merged[k] = values[right++]
          exchanges += middle - left
        }
      }
    }
    values.set(merged)
  }
  return exchanges
}
