import type { Issue } from '../../issue.js'
import { groupSum } from '../active-constraints.js'
import { FEASIBILITY_TOLERANCE } from '../tolerance.js'
import type { GroupConstraint, Space } from '../types.js'
import { readable } from './wording.js'

/** Groups that conflict with the bounds of their own members, or leave the other domains too much or too little. */
export function groupConflicts(space: Space): Issue[] {
  return space.groups.flatMap((group, k) => [
    ...minimumConflict(space, group, `/groups/${k}/minWeight`),
    ...maximumConflict(space, group, `/groups/${k}/maxWeight`),
  ])
}

function minimumConflict(space: Space, group: GroupConstraint, pointer: string): Issue[] {
  const { name, minimum } = group
  const most = groupSum(group, space.upper)
  const others = outside(group, space.lower)
  const issues: Issue[] = []
  if (minimum > most + FEASIBILITY_TOLERANCE) {
    const detail =
      `Group "${name}" needs at least ${readable(minimum)}, but the upper bounds of its domains sum to ` +
      `${readable(most)}: ${readable(minimum - most)} is missing.`
    issues.push({ pointer, detail })
  }
  if (minimum + others > 1 + FEASIBILITY_TOLERANCE) {
    const detail =
      `Group "${name}" needs at least ${readable(minimum)} and the lower bounds of the other domains sum to ` +
      `${readable(others)}: together ${readable(minimum + others - 1)} more than 1.`
    issues.push({ pointer, detail })
  }
  return issues
}

function maximumConflict(space: Space, group: GroupConstraint, pointer: string): Issue[] {
  const { name, maximum } = group
  const least = groupSum(group, space.lower)
  const others = outside(group, space.upper)
  const issues: Issue[] = []
  if (maximum < least - FEASIBILITY_TOLERANCE) {
    const detail =
      `Group "${name}" may have at most ${readable(maximum)}, but the lower bounds of its domains sum to ` +
      `${readable(least)}: ${readable(least - maximum)} too much.`
    issues.push({ pointer, detail })
  }
  if (maximum + others < 1 - FEASIBILITY_TOLERANCE) {
    const detail =
      `Group "${name}" may have at most ${readable(maximum)} and the upper bounds of the other domains sum to ` +
      `${readable(others)}: together ${readable(1 - maximum - others)} short of 1.`
    issues.push({ pointer, detail })
  }
  return issues
}

function outside(group: GroupConstraint, bound: Float64Array): number {
  const members = new Set(group.members)
  return bound.reduce((sum, value, i) => (members.has(i) ? sum : sum + value), 0)
}
