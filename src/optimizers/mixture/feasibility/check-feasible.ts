import type { Issue } from '../../issue.js'
import { FEASIBILITY_TOLERANCE } from '../tolerance.js'
import type { Space } from '../types.js'
import { boundConflicts } from './bound-conflicts.js'
import { groupConflicts } from './group-conflicts.js'
import { type ClassProgram, classProgram, type Limit, leastViolation } from './linear-program.js'
import { listed, readable } from './wording.js'

/**
 * Says in words why no mixture meets all constraints: which conflict, and by how much. Empty means that some mixture
 * does. Bounds and single groups are checked by their sums; conflicts among several groups by linear programs, and
 * of those a smallest set is named of which no member can be left out (deletion filter, Chinneck 2008).
 */
export function checkFeasible(space: Space): Issue[] {
  const issues = [...boundConflicts(space), ...groupConflicts(space)]
  if (issues.length > 0 || space.groups.length === 0) return issues
  const program = classProgram(space)
  const { total } = leastViolation(program.classes.length, program.limits)
  if (total <= FEASIBILITY_TOLERANCE) return []
  return [explain(space, program, irreducible(program))]
}

/** A mixture that violates the constraints by the least total amount; used where other methods give up. */
export function leastViolatingMixture(space: Space): Float64Array {
  const { classes, limits } = classProgram(space)
  const { sums } = leastViolation(classes.length, limits)
  const weights = new Float64Array(space.names.length)
  classes.forEach((members, s) => {
    const lower = members.reduce((sum, i) => sum + space.lower[i], 0)
    const width = members.reduce((sum, i) => sum + space.upper[i] - space.lower[i], 0)
    const share = width > 0 ? Math.min(1, Math.max(0, (sums[s] - lower) / width)) : 0
    const missing = sums[s] - lower - share * width
    for (const i of members) {
      weights[i] =
        space.lower[i] + share * (space.upper[i] - space.lower[i]) + missing / members.length
    }
  })
  return weights
}

function irreducible({ classes, limits }: ClassProgram): { limits: Limit[]; total: number } {
  const conflicting = (kept: readonly Limit[]) => leastViolation(classes.length, kept).total
  let kept = limits
  // Bounds are tried first, so that what stays is told by groups where it can be.
  for (const limit of [...limits].reverse()) {
    const without = kept.filter((other) => other !== limit)
    if (conflicting(without) > FEASIBILITY_TOLERANCE) kept = without
  }
  return { limits: kept, total: conflicting(kept) }
}

function explain(
  space: Space,
  { classes }: ClassProgram,
  conflict: { limits: Limit[]; total: number },
): Issue {
  const phrases = conflict.limits.map((limit) => {
    const most = limit.side === 'maximum'
    const amount = `${most ? 'at most' : 'at least'} ${readable(limit.value)}`
    if (limit.group !== null) return `group "${space.groups[limit.group].name}" ${amount}`
    const names = Array.from(classes[limit.classes[0]], (i) => space.names[i])
    const bound = `${most ? 'upper' : 'lower'} ${names.length === 1 ? 'bound' : 'bounds'}`
    return `${listed(names)} ${amount} by ${names.length === 1 ? 'its' : 'their'} ${bound}`
  })
  const first = conflict.limits.find((limit) => limit.group !== null)
  const field = first?.side === 'maximum' ? 'maxWeight' : 'minWeight'
  return {
    pointer: first ? `/groups/${first.group}/${field}` : '/groups',
    detail:
      `No weights that sum to 1 meet all of these: ${phrases.join('; ')}. They miss each other by ` +
      `${readable(conflict.total)} in total; without any one of them the others can be met.`,
  }
}
