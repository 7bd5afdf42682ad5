import type { MedianRule } from '../trial-policy.js'
import { objectiveText, type Point, tokensOf, tokenText, tooFew } from './curve.js'

/** What summation may add to a mean, relative to its size: values this near are a tie, and ties are not stopped. */
const ROUNDING = 1e-12

/**
 * Golovin et al. 2017, Google Vizier, §3.2.2: a trial is stopped when its best objective so far is strictly worse than the
 * median of the running means of the others up to the same tokens. Others are trials measured at least as far, with a
 * measurement up to there.
 *
 * @param own at least one point
 */
export function medianRule(
  { minTokens, minTrials }: MedianRule,
  own: readonly Point[],
  others: readonly (readonly Point[])[],
): { stop: boolean; reason: string } {
  const tokens = tokensOf(own)
  if (tokens < minTokens) {
    const reason = `At ${tokenText(tokens)} it is too early: no trial is stopped before ${tokenText(minTokens)}.`
    return { stop: false, reason }
  }
  const means = others
    .filter((points) => tokensOf(points) >= tokens)
    .map((points) => points.filter((point) => point.tokens <= tokens))
    .filter((points) => points.length > 0)
    .map(meanObjective)
  if (means.length < minTrials) {
    return { stop: false, reason: tooFew(means.length, minTrials, tokens) }
  }
  const best = Math.min(...own.map(({ objective }) => objective))
  const median = medianOf(means)
  const stop = best - median > ROUNDING * Math.max(Math.abs(best), Math.abs(median))
  const reason =
    `At ${tokenText(tokens)} the best objective so far, ${objectiveText(best)}, is ${stop ? 'worse' : 'no worse'} than ` +
    `${objectiveText(median)}, the median over ${means.length} other trials of their mean up to there.`
  return { stop, reason }
}

function meanObjective(points: readonly Point[]): number {
  return points.reduce((sum, { objective }) => sum + objective, 0) / points.length
}

/** @param values at least one */
function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
