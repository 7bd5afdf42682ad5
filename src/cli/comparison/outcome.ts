import type { CompleteProblem, Mixture } from '../../optimizers/problem.js'
import { mean } from '../../optimizers/surrogates/statistics.js'
import { objectiveOf } from '../../studies/objective.js'
import type { Trial } from '../client/index.js'

/** One mixture of a comparison. */
export interface ComparedMixture {
  name: string
  weights: Mixture
  /** The study's objective, lower is better, of each of its models that completed. */
  objectives: number[]
  mean: number
}

export interface ComparisonOutcome {
  mixtures: ComparedMixture[]
  /** Standard deviation between seeds, pooled over the mixtures; null when a mixture has fewer than two. */
  deviation: number | null
  /** Standard error of the difference of two means; null as above. */
  standardError: number | null
}

/** @param trials completed trials of a comparison, replicates of a mixture in the order of their seeds */
export function comparisonOutcome(
  problem: CompleteProblem,
  trials: readonly Trial[],
): ComparisonOutcome {
  const names = [...new Set(trials.map(({ label }) => label))]
  const mixtures = names.map((name) => {
    const own = trials.filter(({ label }) => label === name)
    const objectives = own.map((trial) => objective(problem, trial))
    return { name, weights: own[0].weights, objectives, mean: mean(objectives) }
  })
  return { mixtures, ...spreadOf(mixtures) }
}

function objective(problem: CompleteProblem, { id, measurement }: Trial): number {
  if (!measurement) throw new Error(`trial ${id} completed without a measurement`)
  return objectiveOf(problem, measurement.values)
}

function spreadOf(mixtures: readonly ComparedMixture[]): Omit<ComparisonOutcome, 'mixtures'> {
  const seeds = Math.min(...mixtures.map(({ objectives }) => objectives.length))
  if (mixtures.length === 0 || seeds < 2) return { deviation: null, standardError: null }
  const squares = mixtures.flatMap(({ objectives, mean }) =>
    objectives.map((objective) => (objective - mean) ** 2),
  )
  const freedom = squares.length - mixtures.length
  const deviation = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / freedom)
  return { deviation, standardError: deviation * Math.sqrt(2 / seeds) }
}

/** What a comparison says of one mixture against another, in a sentence that claims no more than it shows. */
export function comparisonText(outcome: ComparisonOutcome, name: string, rival: string): string {
  const [ours, theirs] = [name, rival].map((wanted) =>
    outcome.mixtures.find((mixture) => mixture.name === wanted),
  )
  if (!ours || !theirs) return `${rival}: none of its models completed, so nothing is shown.`
  const gain = theirs.mean - ours.mean
  const { standardError } = outcome
  if (standardError === null) return `${rival}: too few models completed to tell noise from gain.`
  const size = `${Math.abs(gain).toFixed(3)}, standard error ${standardError.toFixed(3)}`
  if (Math.abs(gain) < 2 * standardError) return `${rival}: inside the noise (${size}).`
  return gain > 0
    ? `${rival}: ${name} is better (${size}).`
    : `${rival}: ${name} is WORSE (${size}).`
}
