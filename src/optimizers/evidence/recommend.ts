import { klDivergence, l1Distance } from '../mixture/distance.js'
import { toMixture } from '../mixture/index.js'
import { flooredPrior } from '../mixture/reference-mixtures.js'
import type { Space } from '../mixture/types.js'
import { compileObjective } from '../objective.js'
import type { SurrogateParams } from '../offline/surrogate-params.js'
import { createRng, type Rng } from '../random.js'
import type { Recommendation, Warning } from '../recommendation.js'
import { rowMatrixFrom, rowOf } from '../row-matrix.js'
import type { Optimizer, RecommendInput, RecommendResult, RunTable } from '../types.js'
import { type JudgedBaseline, judgeBaselines } from './baselines.js'
import { type Judge, predictedObjective, predictMetrics } from './comparison.js'
import { costConstraints } from './constraint-costs.js'
import { type FittedMetrics, fitMetrics } from './fit-metrics.js'
import { provenanceOf } from './provenance.js'
import { type MixtureCounts, requireRuns } from './required-runs.js'
import { decide } from './verdict.js'
import { gatherWarnings } from './warnings.js'

export interface ProposalContext<P> {
  /** The space to search: the problem's own, or one with a constraint lifted to price it. */
  space: Space
  judge: Judge
  params: P
  rng: Rng
  purpose: 'recommend' | 'price-constraint'
}

export interface Proposal {
  /** m weights that meet every constraint of the space. */
  weights: Float64Array
  /** What the method minimised, at its optimum: comparable between spaces. */
  optimum: number
  /** How the solution was found, for people. JSON. */
  solver: Record<string, unknown>
  warnings?: Warning[]
  /** Set when the mixture was asked for by name: it is recommended whatever the evidence, which is only shown. */
  askedFor?: string
}

/**
 * The common course of every method that learns from runs: fit the metrics, let the method propose, hold the proposal against the
 * baselines, decide, and write all of it down.
 * @throws InvalidInputError `too-few-runs` for fewer than m + 1 distinct mixtures, or where a metric of the objective has fewer
 */
export function recommendFromModels<P extends SurrogateParams>(
  method: Optimizer<P>,
  input: RecommendInput<P>,
  propose: (context: ProposalContext<P>) => Proposal,
): RecommendResult {
  const { compiled, params, completed, holdouts, seed, onProgress = () => {} } = input
  const { problem, space } = compiled
  const counts = requireRuns(problem, space, completed)
  const fitted = fitMetrics({
    problem,
    training: completed,
    counts,
    holdouts,
    surrogate: input.surrogate,
    eligible: method.surrogates,
    names: space.names,
    params,
    seed,
    onProgress,
  })
  return recommendFitted(method, input, { counts, fitted }, propose)
}

/** What recommendations are made from: models of the metrics, and how well they predict. */
export interface Learned {
  /** Distinct mixtures that the evidence of each metric stands on. */
  counts: MixtureCounts
  /** A model for every metric of the objective. */
  fitted: FittedMetrics
}

/** The same course from the proposal on, for methods that fit their models themselves. */
export function recommendFitted<P extends object>(
  method: Pick<Optimizer<P>, 'name'>,
  input: RecommendInput<P>,
  { counts, fitted }: Learned,
  propose: (context: ProposalContext<P>) => Proposal,
): RecommendResult {
  const { compiled, params, completed, others = [], holdouts, seed } = input
  const { problem, space } = compiled
  const judge: Judge = { objective: compileObjective(problem, completed), models: fitted.models }
  const rng = createRng(seed, 'recommend')
  const search = (searched: Space, purpose: ProposalContext<P>['purpose']) =>
    propose({ space: searched, judge, params, rng: rng.fork('propose'), purpose })
  const proposal = search(space, 'recommend')
  const baselines = judgeBaselines(
    problem,
    space,
    completed,
    judge,
    proposal.weights,
    rng.fork('compare'),
  )
  const { terms } = judge.objective
  const surrogates = fitted.surrogates.filter((s) =>
    terms.some(({ metric }) => metric === s.metric),
  )
  const verdict = decide({
    chosen: terms.flatMap(({ metric, weight }) =>
      surrogates
        .filter((surrogate) => surrogate.chosen && surrogate.metric === metric)
        .map((evidence) => ({
          evidence,
          weight: judge.objective.type === 'mean' ? weight : 1,
          mixtures: counts.ofMetric.get(metric) ?? 0,
        })),
    ),
    baselines: baselines.map(({ evidence }) => evidence),
    closer: closerToPrior(space, proposal.weights, baselines),
    askedFor: proposal.askedFor,
  })
  const weights = followed(verdict.follows, proposal.weights, baselines)
  const epochs = epochsOf(space, weights)
  const warnings = gatherWarnings({
    problem,
    space,
    training: completed,
    others,
    weights,
    epochs,
    surrogates,
    baselines: baselines.map(({ evidence }) => evidence),
    verdict,
    counts,
  })
  const recommendation: Recommendation = {
    method: method.name,
    params: Object.fromEntries(Object.entries(params)),
    weights: toMixture(space, weights),
    verdict,
    proposal: {
      weights: toMixture(space, proposal.weights),
      objective: predictedObjective(judge, rowMatrixFrom([proposal.weights]))[0],
      solver: proposal.solver,
    },
    epochs,
    predictions: predictMetrics(judge.models, weights),
    baselines: baselines.map(({ evidence }) => evidence),
    activeConstraints: costConstraints(
      space,
      proposal.weights,
      (relaxed) => search(relaxed, 'price-constraint').optimum,
    ),
    warnings: [...warnings, ...(proposal.warnings ?? [])],
    evidence: {
      runs: completed.normalised.rows,
      distinctMixtures: counts.distinct,
      fidelity: completed.fidelity,
      surrogates: fitted.surrogates,
      holdouts: fitted.holdouts,
      distance: distances(space, weights, completed),
    },
    provenance: provenanceOf(problem, [completed, ...others, ...holdouts], seed),
  }
  return { recommendation, models: serialise(fitted.models) }
}

/** Names of the baselines no farther from the natural mixture; its zeros are floored, or all that leave them would be equally far. */
function closerToPrior(
  space: Space,
  proposal: Float64Array,
  baselines: readonly JudgedBaseline[],
): Set<string> {
  const prior = flooredPrior(space.prior)
  const distance = klDivergence(proposal, prior) + 1e-9
  const closer = baselines.filter(({ weights }) => klDivergence(weights, prior) <= distance)
  return new Set(closer.map(({ evidence }) => evidence.name))
}

function followed(
  follows: Recommendation['verdict']['follows'],
  proposal: Float64Array,
  baselines: readonly JudgedBaseline[],
): Float64Array {
  return baselines.find(({ evidence }) => evidence.name === follows)?.weights ?? proposal
}

/** Passes over each domain in the target run: w · targetTokens / tokens. */
export function epochsOf(space: Space, weights: Float64Array): Record<string, number | null> {
  const { names, tokens, targetTokens } = space
  return Object.fromEntries(
    names.map((name, j) => [
      name,
      targetTokens === null || Number.isNaN(tokens[j])
        ? null
        : (weights[j] * targetTokens) / tokens[j],
    ]),
  )
}

export function distances(
  space: Space,
  weights: Float64Array,
  training: RunTable,
): Recommendation['evidence']['distance'] {
  const kl = klDivergence(weights, space.prior)
  let nearest: number | null = null
  for (let i = 0; i < training.normalised.rows; i++) {
    const distance = l1Distance(weights, rowOf(training.normalised, i))
    if (nearest === null || distance < nearest) nearest = distance
  }
  return { klToPrior: Number.isFinite(kl) ? kl : null, l1ToNearestRun: nearest }
}

function serialise(models: Judge['models']): RecommendResult['models'] {
  return [...models.values()].map((model) => ({
    metric: model.metric,
    surrogate: model.fitted.surrogate,
    model: JSON.stringify(model.toJSON()),
  }))
}
