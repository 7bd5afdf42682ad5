import { FEASIBILITY_TOLERANCE } from '../tolerance.js'
import {
  type ClassProgram,
  type LeastViolation,
  type Limit,
  leastViolation,
} from './linear-program.js'

/**
 * Of limits that cannot all be met, some that cannot either but of which none can be left out, and the least total amount by
 * which they are missed (elastic filter, then deletion filter: Chinneck 2008, "Feasibility and Infeasibility in Optimization").
 * @param least the answer of the linear program for all limits
 */
export function irreducibleConflict(
  { classes, limits }: ClassProgram,
  least: LeastViolation,
): { limits: Limit[]; total: number } {
  const totalAmong = (kept: readonly Limit[]) => leastViolation(classes.length, kept)?.total ?? 0
  let kept = conflictingLimits(classes.length, limits, least)
  // Bounds are tried first, so that what stays is told by groups where it can be.
  const bounds = kept.filter((limit) => limit.group === null)
  const groups = kept.filter((limit) => limit.group !== null)
  for (const limit of [...bounds, ...groups]) {
    const without = kept.filter((other) => other !== limit)
    if (totalAmong(without) > FEASIBILITY_TOLERANCE) kept = without
  }
  const ordered = limits.filter((limit) => kept.includes(limit))
  return { limits: ordered, total: totalAmong(ordered) }
}

/** Makes hard what has to be missed, until that leaves no way: the conflict is then among the hard limits. */
function conflictingLimits(
  classes: number,
  limits: readonly Limit[],
  least: LeastViolation,
): Limit[] {
  const hard = new Set<Limit>()
  for (let answer: LeastViolation | undefined = least; answer; ) {
    if (answer.missed.every((limit) => hard.has(limit))) return [...limits]
    for (const limit of answer.missed) hard.add(limit)
    answer = leastViolation(classes, limits, hard)
  }
  return [...hard]
}
