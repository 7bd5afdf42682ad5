import type { SuccessiveHalvingRule } from '../trial-policy.js'
import { objectiveText, type Point, tokensOf, tokenText, tooFew } from './curve.js'

/**
 * Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning (ASHA), in the form that stops trials instead of
 * pausing them: a trial is judged at the highest rung it has reached, among all that have reached it so far, and goes on when
 * it is one of the best ⌊n / reduction⌋ of these n, at least 1. A trial's value at a rung is its first measurement there or
 * beyond. Trials as good as the last that goes on go on, too.
 *
 * @param own at least one point
 */
export function successiveHalving(
  { minTokens, reduction, minTrials }: SuccessiveHalvingRule,
  own: readonly Point[],
  others: readonly (readonly Point[])[],
): { stop: boolean; reason: string } {
  const tokens = tokensOf(own)
  if (tokens < minTokens) {
    const reason = `At ${tokenText(tokens)} the trial has not reached the first rung, ${tokenText(minTokens)}.`
    return { stop: false, reason }
  }
  const rung = highestRung(tokens, minTokens, reduction)
  const rivals = others.filter((points) => tokensOf(points) >= rung).map(valueAt)
  if (rivals.length < minTrials) {
    return { stop: false, reason: tooFew(rivals.length, minTrials, rung) }
  }
  const value = valueAt(own)
  const rank = 1 + rivals.filter((rival) => rival < value).length
  const reached = rivals.length + 1
  const kept = Math.max(1, Math.floor(reached / reduction))
  const reason =
    `At the rung of ${tokenText(rung)} the objective ${objectiveText(value)} has rank ${rank} of ${reached}; ` +
    `the best ${kept === 1 ? 'one goes' : `${kept} go`} on.`
  return { stop: rank > kept, reason }

  function valueAt(points: readonly Point[]): number {
    return points.find((point) => point.tokens >= rung)?.objective ?? Number.POSITIVE_INFINITY
  }
}

/** The largest minTokens · reduction^k, k ≥ 0, that is at most `tokens`, which is at least minTokens. */
export function highestRung(tokens: number, minTokens: number, reduction: number): number {
  let rung = minTokens
  while (rung * reduction <= tokens) rung *= reduction
  return rung
}
