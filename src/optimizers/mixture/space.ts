import { InvalidInputError } from '../issue.js'
import type { Domain, SpaceSpec } from '../problem.js'
import { spaceIssues } from './space-issues.js'
import { FEASIBILITY_TOLERANCE } from './tolerance.js'
import type { GroupConstraint, Space, UpperSource } from './types.js'

/** Repetitions that cost almost nothing (Muennighoff et al. 2023, arXiv 2305.16264; Olmix's repetition factor). */
export const DEFAULT_MAX_EPOCHS = 4

/**
 * Turns a space as people write it into arrays in the order of its domains.
 * It does not ask whether any mixture meets the constraints: see `checkFeasible`.
 * @throws InvalidInputError with every issue; pointers are relative to the problem
 */
export function compileSpace(spec: SpaceSpec): Space {
  const issues = spaceIssues(spec)
  if (issues.length > 0) throw new InvalidInputError('The space of mixtures is not valid.', issues)
  const { domains } = spec
  const targetTokens = spec.targetTokens ?? null
  const bounds = domains.map((domain) => boundsOf(domain, targetTokens))
  const indexOf = new Map(domains.map((domain, i) => [domain.name, i]))
  return {
    spec,
    names: domains.map((domain) => domain.name),
    indexOf,
    lower: Float64Array.from(bounds, (bound) => bound.lower),
    upper: Float64Array.from(bounds, (bound) => bound.upper),
    upperSource: bounds.map((bound) => bound.source),
    groups: compileGroups(spec, indexOf),
    prior: naturalPrior(spec),
    tokens: Float64Array.from(domains, (domain) => domain.tokens ?? Number.NaN),
    maxEpochs: Float64Array.from(domains, (domain) => domain.maxEpochs ?? DEFAULT_MAX_EPOCHS),
    targetTokens,
  }
}

/**
 * The largest weight that the repetition cap `w · targetTokens ≤ maxEpochs · tokens` leaves a domain; it may exceed 1,
 * and is Infinity when tokens or targetTokens are unknown.
 */
export function repetitionCap(domain: Domain, targetTokens: number | null): number {
  if (targetTokens === null || domain.tokens === undefined) return Number.POSITIVE_INFINITY
  return (domain.maxEpochs ?? DEFAULT_MAX_EPOCHS) * (domain.tokens / targetTokens)
}

/** Lower and upper bound of a domain's weight, and what sets the upper one. */
export function boundsOf(
  domain: Domain,
  targetTokens: number | null,
): { lower: number; upper: number; source: UpperSource } {
  const { fixedWeight, minWeight: lower = 0, maxWeight = 1 } = domain
  if (fixedWeight !== undefined) {
    return { lower: fixedWeight, upper: fixedWeight, source: 'fixedWeight' }
  }
  const cap = repetitionCap(domain, targetTokens)
  const upper = Math.min(1, maxWeight, cap)
  const source = upper === 1 ? 'simplex' : cap < maxWeight ? 'maxEpochs' : 'maxWeight'
  // A cap meant to equal the lower bound may fall below it by rounding alone.
  const roundedOff = upper < lower && lower - upper <= FEASIBILITY_TOLERANCE
  return { lower, upper: roundedOff ? lower : upper, source }
}

function compileGroups(spec: SpaceSpec, indexOf: ReadonlyMap<string, number>): GroupConstraint[] {
  return (spec.groups ?? []).map(({ name, domains, minWeight = 0, maxWeight = 1 }) => ({
    name,
    members: Int32Array.from(domains, (domain) => indexOf.get(domain) as number),
    minimum: minWeight,
    maximum: maxWeight,
  }))
}

function naturalPrior({ domains, prior }: SpaceSpec): Float64Array {
  const sizes = prior
    ? domains.map((domain) => prior[domain.name])
    : domains.map((domain) => domain.tokens)
  if (sizes.some((size) => size === undefined)) {
    return new Float64Array(domains.length).fill(1 / domains.length)
  }
  // Scaled before they are summed, so that sizes near the largest double do not overflow.
  const relative = Float64Array.from(sizes as number[])
  const largest = relative.reduce((a, b) => Math.max(a, b), 0)
  const scaled = relative.map((size) => size / largest)
  const sum = scaled.reduce((a, b) => a + b, 0)
  return scaled.map((size) => size / sum)
}
