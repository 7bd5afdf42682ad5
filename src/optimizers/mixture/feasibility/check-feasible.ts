import type { Issue } from '../../issue.js'
import { cappedSimplex } from '../projection/capped-simplex.js'
import { euclideanGeometry } from '../projection/geometry.js'
import { GroupDual } from '../projection/group-dual.js'
import { FEASIBILITY_TOLERANCE } from '../tolerance.js'
import type { Space } from '../types.js'
import { boundConflicts } from './bound-conflicts.js'
import { groupConflicts } from './group-conflicts.js'
import { irreducibleConflict } from './irreducible-conflict.js'
import { classProgram, type Limit, leastViolation } from './linear-program.js'
import { listed, readable } from './wording.js'

/**
 * Says in words why no mixture meets all constraints: which conflict, and by how much. Empty means that some mixture
 * does. Bounds and single groups are checked by their sums. Several groups are met where a projection succeeds; where it does
 * not, linear programs decide, and a set of conflicting constraints is named of which no member can be left out.
 */
export function checkFeasible(space: Space): Issue[] {
  const issues = [...boundConflicts(space), ...groupConflicts(space)]
  if (issues.length > 0 || space.groups.length === 0) return issues
  const attempt = projectUniform(space)
  if (attempt.missedBy <= FEASIBILITY_TOLERANCE) return []
  const every = [...space.groups.keys()]
  // The multipliers of conflicting groups grow without limit: most often the conflict is among those few.
  for (const groups of [attempt.suspects, every]) {
    const program = classProgram(space, groups)
    const least = leastViolation(program.classes.length, program.limits)
    if (least && least.total <= FEASIBILITY_TOLERANCE && groups === every) return []
    if (least && least.total > FEASIBILITY_TOLERANCE) {
      return [explain(space, program.classes, irreducibleConflict(program, least))]
    }
  }
  const detail =
    `No weights were found that meet all ${every.length} groups and the bounds at once: ` +
    `the nearest miss a group by ${readable(attempt.missedBy)}.`
  return [{ pointer: '/groups', detail }]
}

/** Share of the largest multiplier that makes a group suspect. */
const SUSPECT = 1e-3

/** The projection of the uniform mixture: how far it misses the groups, and on which it pulls hardest. */
function projectUniform(space: Space): { missedBy: number; suspects: number[] } {
  const m = space.names.length
  const geometry = euclideanGeometry(cappedSimplex(space.lower, space.upper), m)
  const dual = new GroupDual(space, space.groups)
  geometry.setPoint(new Float64Array(m).fill(1 / m))
  const missedBy = dual.project(geometry, new Float64Array(m))
  const pulls = Array.from(dual.lastMultipliers(), Math.abs)
  const largest = Math.max(...pulls)
  return { missedBy, suspects: [...pulls.keys()].filter((k) => pulls[k] > SUSPECT * largest) }
}

/** A mixture that violates the constraints by the least total amount; used where other methods give up. */
export function leastViolatingMixture(space: Space): Float64Array | undefined {
  const { classes, limits } = classProgram(space, [...space.groups.keys()])
  const sums = leastViolation(classes.length, limits)?.sums
  if (!sums) return undefined
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

function explain(
  space: Space,
  classes: readonly Int32Array[],
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
