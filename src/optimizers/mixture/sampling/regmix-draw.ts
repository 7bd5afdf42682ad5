import { InvalidInputError } from '../../issue.js'
import type { Rng } from '../../random.js'
import { groupSum } from '../active-constraints.js'
import { projectKl } from '../projection/project.js'
import { VIOLATION_TOLERANCE } from '../tolerance.js'
import type { Space } from '../types.js'
import { dirichletSampler } from './dirichlet.js'
import type { RegmixSamplingOptions } from './regmix.js'

/**
 * Draws one vector of RegMix's Step A at a time: a row of m weights, or undefined when it was rejected. It keeps nothing
 * between draws.
 * @param base the tempered prior (m entries, sums to 1)
 */
export function createRegmixDraw(
  space: Space,
  base: Float64Array,
  options: RegmixSamplingOptions,
): (rng: Rng) => Float64Array | undefined {
  const m = space.names.length
  const fixed = space.names.map((_, i) => space.lower[i] === space.upper[i])
  const movable = base.map((value, i) => (fixed[i] ? 0 : value))
  const mass = movable.reduce((sum, value) => sum + value, 0)
  const rest = Math.max(0, 1 - space.lower.reduce((sum, bound) => sum + bound, 0))
  if (mass === 0 && rest > VIOLATION_TOLERANCE) throw nothingToDraw()
  const samplers =
    mass === 0
      ? []
      : Array.from(strengthGrid(options), (strength) =>
          dirichletSampler(movable.map((value) => (value / mass) * strength)),
        )
  const usage = Float64Array.from({ length: m }, (_, i) =>
    fixed[i] ? 1 : Math.min(1, space.lower[i] + options.maxUsage * space.prior[i]),
  )

  function withinBounds(row: Float64Array): boolean {
    for (let i = 0; i < m; i++) {
      if (row[i] > Math.min(usage[i], space.upper[i] + VIOLATION_TOLERANCE / 2)) return false
    }
    return withinGroups(space, row)
  }

  return (rng) => {
    const row = new Float64Array(m)
    if (samplers.length > 0) samplers[rng.integer(samplers.length)].draw(rng, row)
    for (let i = 0; i < m; i++) row[i] = space.lower[i] + rest * row[i]
    if (!withinBounds(row)) return undefined
    if (!roundWeights(row, space, fixed, options.minimumWeight)) return undefined
    if (options.renormalise) return projectKl(space, row, row)
    return withinGroups(space, row) ? row : undefined
  }
}

function nothingToDraw(): InvalidInputError {
  const detail =
    'The prior is 0 for every domain whose weight is not fixed: give some of them a size.'
  return new InvalidInputError('There is nothing to sample from.', [{ pointer: '/prior', detail }])
}

/** `strengths` numbers from minStrength to maxStrength, evenly spaced in the logarithm. */
export function strengthGrid(
  options: Pick<RegmixSamplingOptions, 'minStrength' | 'maxStrength' | 'strengths'>,
): Float64Array {
  const { minStrength, maxStrength, strengths } = options
  const ratio = maxStrength / minStrength
  return Float64Array.from({ length: strengths }, (_, k) =>
    strengths === 1 ? minStrength : minStrength * ratio ** (k / (strengths - 1)),
  )
}

function withinGroups(space: Space, row: Float64Array): boolean {
  return space.groups.every((group) => {
    const sum = groupSum(group, row)
    return (
      sum >= group.minimum - VIOLATION_TOLERANCE / 2 &&
      sum <= group.maximum + VIOLATION_TOLERANCE / 2
    )
  })
}

/**
 * Cuts weights below `minimum`, divides the others by their sum and rounds them to multiples of it, within the space's bounds;
 * fixed weights stay as they are. False when nothing but fixed weights would be left.
 */
function roundWeights(
  row: Float64Array,
  space: Space,
  fixed: readonly boolean[],
  minimum: number,
): boolean {
  if (minimum === 0) return true
  let target = 1
  let sum = 0
  for (let i = 0; i < row.length; i++) {
    if (fixed[i]) {
      target -= row[i]
      continue
    }
    if (row[i] < minimum) row[i] = 0
    sum += row[i]
  }
  for (let i = 0; i < row.length; i++) {
    if (fixed[i] || sum === 0) continue
    const rounded = Math.round(((row[i] / sum) * target) / minimum) * minimum
    row[i] = Math.min(space.upper[i], Math.max(space.lower[i], rounded))
  }
  return sum > 0 || fixed.every(Boolean)
}
