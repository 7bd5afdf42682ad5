import type { BaselineEvidence, Recommendation, SurrogateEvidence } from '../recommendation.js'

/** Below this cross-validated rank correlation a surrogate cannot tell good mixtures from bad ones. */
export const LEAST_SPEARMAN = 0.3
/** One-sided 5 % point of a rank correlation of noise over n mixtures, times √(n − 1). */
const CHANCE = 1.645
/** However few the mixtures, nearly perfect ranks are enough. */
const MOST_ASKED = 0.95
/** Below this probability of beating a baseline the proposal is not worth leaving it for. */
export const LEAST_PROBABILITY = 0.5
/** Below this probability the gain over a baseline lies inside the noise of a run. */
export const SURE_PROBABILITY = 0.9

/**
 * What needs no trust in the surrogates: the natural mixture, or the nearest one that the constraints allow. The best run does not
 * serve: where runs are noise it is only the luckiest.
 */
const FALLBACK = 'natural'

export type Verdict = Recommendation['verdict']

/** The chosen surrogate of a metric of the objective. */
export interface ChosenSurrogate {
  readonly evidence: SurrogateEvidence
  /** How much the metric counts in the objective, in any unit. */
  readonly weight: number
  /** Distinct mixtures it was fitted to. */
  readonly mixtures: number
}

export interface Case {
  readonly chosen: readonly ChosenSurrogate[]
  readonly baselines: readonly BaselineEvidence[]
  /** Names of the baselines that are no farther from the natural mixture than the proposal is. */
  readonly closer: ReadonlySet<string>
  /** The name of a mixture that was asked for, which needs no evidence to be followed. */
  readonly askedFor?: string
}

/** The rank correlation that surrogates have to show; with few mixtures noise alone reaches 0.3 too often. */
export function leastSpearman(mixtures: number): number {
  const chance = CHANCE / Math.sqrt(Math.max(1, mixtures - 1))
  return Math.max(LEAST_SPEARMAN, Math.min(MOST_ASKED, chance))
}

/**
 * Whether the evidence carries the proposal. It does not when the surrogates of more than half of the objective (by weight) cannot
 * rank mixtures in cross-validation, or when a feasible baseline dominates it: predicted to be better, and no farther from the natural
 * mixture. (A baseline farther away may well score better where the method trades score for closeness; that is the user's choice.)
 */
export function decide({ chosen, baselines, closer, askedFor }: Case): Verdict {
  const against = baselines.map(
    ({ name, probabilityOfBeating }) => `${name} ${probabilityOfBeating.toFixed(2)}`,
  )
  const odds = `Predicted probability that one run beats one run of: ${against.join(', ')}.`
  if (askedFor)
    return { follows: 'proposal', reason: `The ${askedFor} mixture was asked for. ${odds}` }
  const weak = chosen.filter(isWeak)
  if (2 * weightOf(weak) > weightOf(chosen)) {
    return {
      follows: FALLBACK,
      reason:
        `The surrogates do not rank unseen mixtures: the cross-validated Spearman correlation is too low for ${weak.length} of ` +
        `${chosen.length} metrics: ${weak.slice(0, 3).map(described).join(', ')}. ` +
        `More runs, or less noisy ones, are needed; until then the ${FALLBACK} mixture is the safer choice.`,
    }
  }
  const better = baselines
    .filter(
      ({ name, feasible, probabilityOfBeating }) =>
        feasible && closer.has(name) && probabilityOfBeating < LEAST_PROBABILITY,
    )
    .sort((a, b) => a.probabilityOfBeating - b.probabilityOfBeating)
  if (better.length > 0) {
    const [rival] = better
    return {
      follows: rival.name,
      reason: `A run of the proposal is predicted to beat a run of the ${rival.name} mixture with probability ${rival.probabilityOfBeating.toFixed(2)} only.`,
    }
  }
  return { follows: 'proposal', reason: odds }
}

function isWeak({ evidence, mixtures }: ChosenSurrogate): boolean {
  const spearman = evidence.crossValidation?.spearman ?? Number.NEGATIVE_INFINITY
  return spearman < leastSpearman(mixtures)
}

const weightOf = (surrogates: readonly ChosenSurrogate[]) =>
  surrogates.reduce((sum, { weight }) => sum + weight, 0)

function described({ evidence: { metric, crossValidation }, mixtures }: ChosenSurrogate): string {
  const asked = leastSpearman(mixtures).toFixed(2)
  return `${metric} (${rho(crossValidation?.spearman ?? null)}, ${asked} asked for with ${mixtures} mixtures)`
}

const rho = (spearman: number | null) => (spearman === null ? 'undefined' : spearman.toFixed(2))
