import type { Domain } from '../problem.js'
import type { ActiveConstraint } from '../recommendation.js'
import { repetitionCap } from './space.js'
import type { GroupConstraint, Space, UpperSource } from './types.js'

export type ConstraintKind = ActiveConstraint['kind']

/** A constraint that binds: its kind, the domain or group it is on, and the weight it stops at. */
export interface BindingConstraint {
  kind: ConstraintKind
  name: string
  limit: number
}

/** Summed weight of a group's members. */
export function groupSum(group: GroupConstraint, weights: ArrayLike<number>): number {
  let sum = 0
  for (const i of group.members) sum += weights[i]
  return sum
}

/**
 * The constraints that bind at `weights` (m entries): those whose limit is reached to within `tolerance`.
 * The simplex itself (w ≥ 0, w ≤ 1) is not listed, nor is a group's minimum of 0 or maximum of 1.
 */
export function activeConstraints(
  space: Space,
  weights: ArrayLike<number>,
  tolerance = 1e-6,
): BindingConstraint[] {
  const ofDomains = space.names.flatMap((name, i) => {
    const source = space.upperSource[i]
    const lower = { kind: 'minWeight' as const, name, limit: space.lower[i] }
    if (source === 'fixedWeight') return [{ ...lower, kind: source }]
    const active: BindingConstraint[] = []
    if (lower.limit > 0 && weights[i] <= lower.limit + tolerance) active.push(lower)
    if (source !== 'simplex' && weights[i] >= space.upper[i] - tolerance) {
      active.push({ kind: source, name, limit: space.upper[i] })
    }
    return active
  })
  const ofGroups = space.groups.flatMap((group) => {
    const { name, minimum, maximum } = group
    const sum = groupSum(group, weights)
    const active: BindingConstraint[] = []
    if (minimum > 0 && sum <= minimum + tolerance) {
      active.push({ kind: 'groupMinimum', name, limit: minimum })
    }
    if (maximum < 1 && sum >= maximum - tolerance) {
      active.push({ kind: 'groupMaximum', name, limit: maximum })
    }
    return active
  })
  return [...ofDomains, ...ofGroups]
}

/**
 * The same space with one constraint lifted, and all others as they are: a superset of `space`. A domain whose
 * `maxWeight` is lifted keeps its repetition cap and the other way round; one whose `fixedWeight` is lifted is bounded
 * by its repetition cap, or by the weight it had where that was above the cap. `spec` stays what the user wrote.
 * @throws RangeError when there is no domain or group of that name
 */
export function withoutConstraint(space: Space, kind: ConstraintKind, name: string): Space {
  if (kind === 'groupMinimum' || kind === 'groupMaximum') return withoutGroupSide(space, kind, name)
  const i = space.indexOf.get(name)
  if (i === undefined) throw new RangeError(`there is no domain "${name}"`)
  const lower = space.lower.slice()
  const upper = space.upper.slice()
  const upperSource = [...space.upperSource]
  if (kind === 'minWeight' || kind === 'fixedWeight') lower[i] = 0
  if (kind !== 'minWeight') {
    const lifted = upperWithout(space, i, kind)
    upper[i] = lifted.upper
    upperSource[i] = lifted.source
  }
  return { ...space, lower, upper, upperSource }
}

function upperWithout(
  space: Space,
  i: number,
  kind: Exclude<UpperSource, 'simplex'>,
): { upper: number; source: UpperSource } {
  const domain: Domain = space.spec.domains[i]
  const cap = repetitionCap(domain, space.targetTokens)
  const candidates: { upper: number; source: UpperSource }[] = [{ upper: 1, source: 'simplex' }]
  if (kind === 'fixedWeight') {
    candidates.push({ upper: Math.max(cap, space.upper[i]), source: 'maxEpochs' })
  } else if (kind === 'maxWeight') {
    candidates.push({ upper: Math.max(cap, space.lower[i]), source: 'maxEpochs' })
  } else {
    candidates.push({ upper: domain.maxWeight ?? 1, source: 'maxWeight' })
  }
  return candidates.reduce((least, next) => (next.upper < least.upper ? next : least))
}

function withoutGroupSide(
  space: Space,
  kind: 'groupMinimum' | 'groupMaximum',
  name: string,
): Space {
  if (!space.groups.some((group) => group.name === name)) {
    throw new RangeError(`there is no group "${name}"`)
  }
  const lifted = kind === 'groupMinimum' ? { minimum: 0 } : { maximum: 1 }
  const groups = space.groups.map((group) =>
    group.name === name ? { ...group, ...lifted } : group,
  )
  return { ...space, groups }
}
