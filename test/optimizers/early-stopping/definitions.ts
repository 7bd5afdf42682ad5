import type { Curve } from '../../../src/optimizers/early-stopping/index.js'
import type { MedianRule, SuccessiveHalvingRule } from '../../../src/optimizers/trial-policy.js'

/** The rules word by word from their papers, in exact whole numbers: objectives are given in `UNIT`s. */

export const UNIT = 1 / 8

/** Negative, 0 or positive as a/b is below, at or above c/d; b, d > 0. */
const compareFractions = (a: bigint, b: bigint, c: bigint, d: bigint) => a * d - c * b

interface Fraction {
  over: bigint
  under: bigint
}

export function medianStops({ minTokens, minTrials }: MedianRule, own: Curve, others: Curve[]) {
  const ownPoints = finite(own)
  if (own.ended || ownPoints.length === 0) return false
  const step = Math.max(...ownPoints.map((p) => p.tokens))
  if (step < minTokens) return false
  const means: Fraction[] = []
  for (const other of others) {
    const points = finite(other)
    const before = points.filter((p) => p.tokens <= step)
    if (!points.some((p) => p.tokens >= step) || before.length === 0) continue
    let over = 0n
    for (const { objective } of before) over += BigInt(objective / UNIT)
    means.push({ over, under: BigInt(before.length) })
  }
  if (means.length < minTrials) return false
  means.sort((a, b) => Number(compareFractions(a.over, a.under, b.over, b.under)))
  const low = means[Math.ceil(means.length / 2) - 1]
  const high = means[Math.floor(means.length / 2)]
  let best = BigInt(ownPoints[0].objective / UNIT)
  for (const { objective } of ownPoints) {
    if (BigInt(objective / UNIT) < best) best = BigInt(objective / UNIT)
  }
  const over = low.over * high.under + high.over * low.under
  return compareFractions(best, 1n, over, 2n * low.under * high.under) > 0n
}

export function halvingStops(
  { minTokens, reduction, minTrials }: SuccessiveHalvingRule,
  own: Curve,
  others: Curve[],
) {
  if (own.ended) return false
  // The highest of enough rungs that the trial has a value at.
  for (let k = 20; k >= 0; k--) {
    const rung = minTokens * reduction ** k
    const valueAtRung = (curve: Curve) => finite(curve).find((p) => p.tokens >= rung)?.objective
    const value = valueAtRung(own)
    if (value === undefined) continue
    const values = others.map(valueAtRung).filter((rival) => rival !== undefined)
    if (values.length < minTrials) return false
    const sorted = [...values, value].sort((a, b) => a - b)
    const last = sorted[Math.max(1, Math.floor(sorted.length / reduction)) - 1]
    return value > last
  }
  return false
}

const finite = ({ points }: Curve) => points.filter((p) => Number.isFinite(p.objective))
