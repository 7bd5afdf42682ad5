import type { Issue } from '../../issue.js'
import { repetitionCap } from '../space.js'
import { FEASIBILITY_TOLERANCE } from '../tolerance.js'
import type { Space } from '../types.js'
import { listed, readable, roundedDown, roundedUp } from './wording.js'

const sumOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)

/** What is wrong with the bounds alone: a cap below a minimum, lower bounds above 1, upper bounds below 1. */
export function boundConflicts(space: Space): Issue[] {
  return [...capsBelowMinimum(space), ...lowerSum(space), ...upperSum(space)]
}

function capsBelowMinimum(space: Space): Issue[] {
  return space.names.flatMap((name, i) => {
    const { targetTokens, spec } = space
    const lower = space.lower[i]
    const cap = space.upper[i]
    if (lower <= cap || targetTokens === null) return []
    const tokens = space.tokens[i]
    const detail =
      `minWeight ${readable(lower)} of "${name}" is above ${readable(cap)}, the most that ` +
      `${readable(space.maxEpochs[i])} epochs of its ${readable(tokens)} tokens give in ` +
      `${readable(targetTokens)} targetTokens. Lower minWeight to ${roundedDown(cap)}, raise maxEpochs to ` +
      `${roundedUp((lower * targetTokens) / tokens)} or lower targetTokens to ` +
      `${roundedDown((space.maxEpochs[i] * tokens) / lower)}.`
    const at = spec.domains[i].minWeight === undefined ? '' : '/minWeight'
    return [{ pointer: `/domains/${i}${at}`, detail }]
  })
}

function lowerSum(space: Space): Issue[] {
  const sum = sumOf(space.lower)
  if (sum <= 1 + FEASIBILITY_TOLERANCE) return []
  const bounded = space.names.filter((_, i) => space.lower[i] > 0)
  const detail =
    `The lower bounds (minWeight and fixedWeight) of ${listed(bounded)} sum to ${readable(sum)}, ` +
    `which is ${readable(sum - 1)} more than 1. Lower them by that much in total.`
  return [{ pointer: '/domains', detail }]
}

function upperSum(space: Space): Issue[] {
  const sum = sumOf(space.upper)
  if (sum >= 1 - FEASIBILITY_TOLERANCE) return []
  const short = `The largest weights allowed sum to ${readable(sum)}, which is ${readable(1 - sum)} short of 1.`
  if (space.targetTokens === null || !space.upperSource.includes('maxEpochs')) {
    const detail = `${short} Raise maxWeight or fixedWeight of some domains by that much in total.`
    return [{ pointer: '/domains', detail }]
  }
  const supply =
    `Within maxEpochs and the other upper bounds the domains can supply ` +
    `${readable(sum * space.targetTokens)} of the ${readable(space.targetTokens)} targetTokens.`
  const detail = `${short} ${supply} ${supplyAdvice(space, space.targetTokens)}`
  return [{ pointer: '/targetTokens', detail }]
}

function supplyAdvice(space: Space, targetTokens: number): string {
  const factor = repetitionNeeded(space)
  if (factor === null) {
    return 'More epochs alone do not help, because the maxWeight and fixedWeight bounds leave too little: raise those.'
  }
  const limited = space.maxEpochs.filter((_, i) => space.upperSource[i] === 'maxEpochs')
  const epochs = limited.every((value) => value === limited[0])
    ? `raise maxEpochs from ${readable(limited[0])} to at least ${roundedUp(limited[0] * factor)}`
    : `multiply every maxEpochs by at least ${roundedUp(factor)}`
  return `Lower targetTokens to at most ${roundedDown(targetTokens / factor)}, or ${epochs}.`
}

/** The least factor on all repetition caps with which the upper bounds sum to 1; null when none does. */
function repetitionNeeded(space: Space): number | null {
  const { domains } = space.spec
  const limits = domains.map((domain) => domain.fixedWeight ?? domain.maxWeight ?? 1)
  const caps = domains.map((domain) =>
    domain.fixedWeight === undefined
      ? repetitionCap(domain, space.targetTokens)
      : Number.POSITIVE_INFINITY,
  )
  const total = (factor: number) =>
    limits.reduce((sum, limit, i) => sum + Math.min(limit, factor * caps[i]), 0)
  let above = 1
  while (total(above) < 1) {
    if (above > Number.MAX_VALUE / 4 || limits.reduce((a, b) => a + b, 0) < 1) return null
    above *= 2
  }
  let below = above / 2
  for (let i = 0; i < 60; i++) {
    const middle = (below + above) / 2
    if (total(middle) < 1) below = middle
    else above = middle
  }
  return above
}
