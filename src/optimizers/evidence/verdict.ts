import type { BaselineEvidence, Recommendation, SurrogateEvidence } from '../recommendation.js'

/** Below this cross-validated rank correlation a surrogate cannot tell good mixtures from bad ones. */
export const LEAST_SPEARMAN = 0.3
/** Below this probability of beating a baseline the proposal is not worth leaving it for. */
export const LEAST_PROBABILITY = 0.5
/** Below this probability the gain over a baseline lies inside the noise of a run. */
export const SURE_PROBABILITY = 0.9

export type Verdict = Recommendation['verdict']

/**
 * Whether the evidence carries the proposal. It does not when the surrogates of the objective's metrics cannot rank
 * mixtures in cross-validation, or when a feasible baseline dominates it: predicted to be better, and no farther from the natural
 * mixture. (A baseline farther away may well score better where the method trades score for closeness; that is the user's choice.)
 * @param chosen the evidence of the chosen surrogate of each metric in the objective
 * @param closer the names of the baselines that are no farther from the natural mixture than the proposal is
 * @param askedFor the name of a mixture that was asked for, which needs no evidence to be followed
 */
export function decide(
  chosen: readonly SurrogateEvidence[],
  baselines: readonly BaselineEvidence[],
  closer: ReadonlySet<string>,
  askedFor?: string,
): Verdict {
  const against = baselines.map(
    ({ name, probabilityOfBeating }) => `${name} ${probabilityOfBeating.toFixed(2)}`,
  )
  const odds = `Predicted probability that one run beats one run of: ${against.join(', ')}.`
  if (askedFor)
    return { follows: 'proposal', reason: `The ${askedFor} mixture was asked for. ${odds}` }
  const fallback = safestBaseline(baselines)
  const weak = chosen.filter(
    ({ crossValidation }) =>
      (crossValidation?.spearman ?? Number.NEGATIVE_INFINITY) < LEAST_SPEARMAN,
  )
  if (weak.length * 2 > chosen.length) {
    const named = weak
      .slice(0, 3)
      .map(({ metric, crossValidation }) => `${metric} (${rho(crossValidation?.spearman ?? null)})`)
    return {
      follows: fallback,
      reason:
        `The surrogates do not rank unseen mixtures: the cross-validated Spearman correlation is below ${LEAST_SPEARMAN} ` +
        `for ${weak.length} of ${chosen.length} metrics: ${named.join(', ')}. More runs, or less noisy ones, are needed; until then the ${fallback} mixture is the safer choice.`,
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

const rho = (spearman: number | null) => (spearman === null ? 'undefined' : spearman.toFixed(2))

/** What needs the least trust in the surrogates: the natural mixture, unless the constraints forbid it. */
function safestBaseline(baselines: readonly BaselineEvidence[]): BaselineEvidence['name'] {
  const order = ['natural', 'best-observed', 'uniform'] as const
  const feasible = new Set(baselines.filter((b) => b.feasible).map(({ name }) => name))
  return order.find((name) => feasible.has(name)) ?? 'natural'
}
