/** Rules that end trials before they have trained to their end. */

import type { EarlyStopping } from '../trial-policy.js'
import { type Curve, measured } from './curve.js'
import { medianRule } from './median.js'
import { highestRung, successiveHalving } from './successive-halving.js'

export type { Curve } from './curve.js'

/**
 * Where a rule compares a trial with others: tokens up to which the median rule takes means, or the rung.
 *
 * @param tokens at which the trial was measured last, at least the rule's `minTokens`
 */
export function comparedAt(rule: EarlyStopping, tokens: number): number {
  return rule.rule === 'median' ? tokens : highestRung(tokens, rule.minTokens, rule.reduction)
}

/**
 * Whether a trial should end now. Points without a finite objective count as not measured; a trial that has ended is not stopped.
 *
 * @param others the other trials of the same fidelity, in any order; also those that have ended
 * @returns `reason`: one sentence for people, with the numbers, whichever way it went
 */
export function shouldStop(
  rule: EarlyStopping,
  own: Curve,
  others: readonly Curve[],
): { stop: boolean; reason: string } {
  if (own.ended) return { stop: false, reason: 'The trial has ended.' }
  const curve = measured(own)
  if (curve.length === 0) return { stop: false, reason: 'Nothing has been measured yet.' }
  const rest = others.map(measured)
  return rule.rule === 'median'
    ? medianRule(rule, curve, rest)
    : successiveHalving(rule, curve, rest)
}
