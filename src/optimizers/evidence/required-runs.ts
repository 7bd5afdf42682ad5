import { groupReplicates } from '../distinct-mixtures.js'
import { InvalidInputError, type Issue } from '../issue.js'
import type { Space } from '../mixture/types.js'
import { metricsOfObjective } from '../objective.js'
import type { CompleteProblem } from '../problem.js'
import type { RunTable } from '../types.js'

/** What the runs have to fit with; replicates of a mixture count once. */
export interface MixtureCounts {
  /** m + 1: a linear fit has that many coefficients. */
  readonly needed: number
  /** Distinct mixtures among all runs. */
  readonly distinct: number
  /** Metric → distinct mixtures that have a value of it. */
  readonly ofMetric: ReadonlyMap<string, number>
}

export function countMixtures(
  problem: CompleteProblem,
  { names }: Space,
  { normalised, values }: RunTable,
): MixtureCounts {
  const { groupOf, count } = groupReplicates(normalised)
  const ofMetric = new Map(
    problem.metrics.map(({ name }) => {
      const seen = new Set<number>()
      values.get(name)?.forEach((value, i) => {
        if (Number.isFinite(value)) seen.add(groupOf[i])
      })
      return [name, seen.size]
    }),
  )
  return { needed: names.length + 1, distinct: count, ofMetric }
}

/** What lacks to fit every metric of the objective. A metric outside it may stay without a fit. */
export function missingRuns(
  problem: CompleteProblem,
  { needed, distinct, ofMetric }: MixtureCounts,
): Issue[] {
  const lacking = (count: number, what: string): Issue => ({
    pointer: '/runs',
    detail: `${count} distinct mixtures${what}, at least ${needed} are needed.`,
  })
  if (distinct < needed) return [lacking(distinct, '')]
  return metricsOfObjective(problem).flatMap(({ name }) => {
    const count = ofMetric.get(name) ?? 0
    return count < needed ? [lacking(count, ` have a value of ${name}`)] : []
  })
}

/** @throws InvalidInputError `too-few-runs` */
export function requireRuns(
  problem: CompleteProblem,
  space: Space,
  training: RunTable,
): MixtureCounts {
  const counts = countMixtures(problem, space, training)
  const issues = missingRuns(problem, counts)
  if (issues.length === 0) return counts
  const found =
    counts.distinct < counts.needed
      ? `with ${counts.distinct} distinct mixtures were given`
      : 'were given, too few of them with every metric of the objective'
  throw new InvalidInputError(
    `${training.normalised.rows} runs ${found}; fitting ${space.names.length} domains takes at least ${counts.needed} distinct mixtures, ` +
      'because a linear fit has that many coefficients.',
    issues,
    'too-few-runs',
  )
}
