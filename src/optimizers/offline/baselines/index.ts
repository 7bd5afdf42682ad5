import { Type } from 'typebox'
import { groupReplicates } from '../../distinct-mixtures.js'
import {
  bestObserved,
  countMixtures,
  distances,
  epochsOf,
  missingRuns,
  nearestFeasible,
  predictedObjective,
  provenanceOf,
  recommendFromModels,
} from '../../evidence/index.js'
import { InvalidInputError, type Issue } from '../../issue.js'
import { l1Distance } from '../../mixture/distance.js'
import { toMixture } from '../../mixture/index.js'
import {
  temperatureMixture,
  uniformMixture,
  unimaxMixture,
} from '../../mixture/reference-mixtures.js'
import type { Space } from '../../mixture/types.js'
import { compileObjective } from '../../objective.js'
import type { Warning } from '../../recommendation.js'
import { rowMatrixFrom, rowOf } from '../../row-matrix.js'
import type {
  CompiledProblem,
  Optimizer,
  PickInput,
  RecommendInput,
  RecommendResult,
  RunTable,
  SuggestInput,
  Suggestion,
} from '../../types.js'
import { lowestFinite, pickBestMeasured } from '../picks.js'
import { type SurrogateParams, surrogateParamsProperties } from '../surrogate-params.js'

const BASELINES = ['natural', 'uniform', 'temperature', 'unimax', 'best-observed'] as const
type BaselineName = (typeof BASELINES)[number]

export const BaselinesParamsSchema = Type.Object(
  {
    baseline: Type.Union(
      BASELINES.map((name) => Type.Literal(name)),
      { default: 'natural', description: 'Which baseline to recommend.' },
    ),
    temperature: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1000,
      default: 2,
      description:
        'τ of `temperature`: weights ∝ tokens^(1/τ). 1 is natural; larger is closer to uniform.',
    }),
    maxEpochs: Type.Number({
      exclusiveMinimum: 0,
      default: 4,
      description: 'N of `unimax`: the most passes over any domain.',
    }),
    ...surrogateParamsProperties,
  },
  { additionalProperties: false },
)

export interface BaselinesParams extends SurrogateParams {
  baseline: BaselineName
  temperature: number
  maxEpochs: number
}

/** Mixtures that need no search. With enough runs, the surrogates say what to expect of them. */
export const baselines: Optimizer<BaselinesParams> = {
  name: 'baselines',
  title: 'Baselines',
  summary:
    'Uniform, natural, temperature, UniMax or the best run so far: what every search has to beat.',
  citation: {
    authors: 'Chung et al. (UniMax)',
    title:
      'UniMax: Fairer and more Effective Language Sampling for Large-Scale Multilingual Pretraining',
    year: 2023,
    url: 'https://arxiv.org/abs/2304.09151',
  },
  capabilities: { fidelities: false, pending: false, multiObjective: true, adaptive: false },
  paramsSchema: BaselinesParamsSchema,
  surrogates: ['gradient-boosted-trees', 'log-linear', 'ridge', 'least-squares'],
  needsRuns: false,
  validate: validateBaselines,
  suggest: suggestBaselines,
  pick: pickBaseline,
  recommend: recommendBaseline,
}

function validateBaselines({ space }: CompiledProblem, { baseline }: BaselinesParams): Issue[] {
  if (baseline !== 'unimax') return []
  const unknown = space.names.filter((_, j) => Number.isNaN(space.tokens[j]))
  const issues: Issue[] = unknown.map((name) => ({
    pointer: `/problem/domains/${space.indexOf.get(name)}/tokens`,
    detail: `UniMax needs the tokens of every domain; "${name}" has none.`,
  }))
  if (space.targetTokens === null) {
    issues.push({
      pointer: '/problem/targetTokens',
      detail: 'UniMax needs the tokens of the target run.',
    })
  }
  return issues
}

function suggestBaselines({
  compiled: { space },
  completed,
  active,
  count,
  fidelities,
  candidates,
}: SuggestInput<BaselinesParams>): Suggestion[] {
  // Nothing of a replayed table is needed to name a baseline.
  if (candidates) return []
  const tried = [...completed, ...active].flatMap(({ normalised }) =>
    Array.from({ length: normalised.rows }, (_, i) => rowOf(normalised, i)),
  )
  return [
    { name: 'natural', weights: space.prior.slice() },
    { name: 'uniform', weights: uniformMixture(space) },
  ]
    .map(({ name, weights }) => ({ name, weights: nearestFeasible(space, weights).weights }))
    .filter(({ weights }) => tried.every((other) => l1Distance(weights, other) > 1e-6))
    .slice(0, count)
    .map(({ name, weights }) => ({
      weights: toMixture(space, weights),
      fidelity: fidelities[0],
      reason: `The ${name} mixture: every search needs it for comparison.`,
    }))
}

/** The candidate nearest to the baseline in L1, or the one with the best measurement. */
function pickBaseline(input: PickInput<BaselinesParams>): number | undefined {
  const { compiled, params, candidates } = input
  if (params.baseline === 'best-observed') return pickBestMeasured(input)
  const { weights } = namedBaseline(compiled.space, params)
  const distances = Array.from({ length: candidates.rows }, (_, k) =>
    l1Distance(weights, rowOf(candidates, k)),
  )
  return lowestFinite(Float64Array.from(distances))
}

function recommendBaseline(input: RecommendInput<BaselinesParams>): RecommendResult {
  const { problem, space: ownSpace } = input.compiled
  const counts = countMixtures(problem, ownSpace, input.completed)
  if (missingRuns(problem, counts).length === 0) {
    return recommendFromModels(baselines, input, ({ space, params, judge }) => {
      const { weights, warnings } = baselineMixture(input, space, params)
      return {
        weights,
        optimum: predictedObjective(judge, rowMatrixFrom([weights]))[0],
        solver: { baseline: params.baseline },
        warnings,
        askedFor: params.baseline,
      }
    })
  }
  return recommendUnfitted(input)
}

/** Without enough runs to fit anything, the weights come alone, and say so. */
function recommendUnfitted(input: RecommendInput<BaselinesParams>): RecommendResult {
  const { compiled, params, completed, holdouts, seed } = input
  const { space, problem } = compiled
  const { weights, warnings } = baselineMixture(input, space, params)
  const mixture = toMixture(space, weights)
  return {
    models: [],
    recommendation: {
      method: baselines.name,
      params: Object.fromEntries(Object.entries(params)),
      weights: mixture,
      verdict: {
        follows: 'proposal',
        reason: `The ${params.baseline} mixture was asked for; there are too few runs to say how it compares.`,
      },
      proposal: { weights: mixture, objective: null, solver: { baseline: params.baseline } },
      epochs: epochsOf(space, weights),
      predictions: [],
      baselines: [],
      activeConstraints: [],
      warnings,
      evidence: {
        runs: completed.normalised.rows,
        distinctMixtures: groupReplicates(completed.normalised).count,
        fidelity: completed.fidelity,
        surrogates: [],
        holdouts: [],
        distance: distances(space, weights, completed),
      },
      provenance: provenanceOf(problem, [completed, ...holdouts], seed),
    },
  }
}

/** @throws InvalidInputError `too-few-runs` when the best run is asked for and there is none */
function baselineMixture(
  { compiled: { problem }, completed }: { compiled: CompiledProblem; completed: RunTable },
  space: Space,
  params: BaselinesParams,
): { weights: Float64Array; warnings: Warning[] } {
  const { weights, warnings } =
    params.baseline === 'best-observed'
      ? { weights: requireBestObserved(problem, space, completed), warnings: [] }
      : namedBaseline(space, params)
  const nearest = nearestFeasible(space, weights)
  if (!nearest.feasible) {
    warnings.push({
      code: 'baseline-infeasible',
      message: `The ${params.baseline} mixture breaks the constraints; the nearest one that meets them (in KL) stands in.`,
    })
  }
  return { weights: nearest.weights, warnings }
}

/** A baseline that takes no runs; it need not meet the constraints. */
function namedBaseline(
  space: Space,
  { baseline, temperature, maxEpochs }: BaselinesParams,
): { weights: Float64Array; warnings: Warning[] } {
  if (baseline === 'uniform') return { weights: uniformMixture(space), warnings: [] }
  if (baseline === 'temperature') {
    return { weights: temperatureMixture(space, temperature), warnings: [] }
  }
  if (baseline !== 'unimax') return { weights: space.prior.slice(), warnings: [] }
  const { weights, unusedTokens } = unimaxMixture(space.tokens, maxEpochs, space.targetTokens ?? 0)
  if (unusedTokens <= 0) return { weights, warnings: [] }
  const message = `At ${maxEpochs} passes over every domain the target run is still ${unusedTokens.toPrecision(4)} tokens short.`
  return { weights, warnings: [{ code: 'unused-budget', message }] }
}

function requireBestObserved(
  problem: CompiledProblem['problem'],
  space: Space,
  completed: RunTable,
): Float64Array {
  const best = bestObserved(problem, space, completed, compileObjective(problem, completed))
  if (best) return best.weights
  throw new InvalidInputError(
    'there is no run to take the best of',
    [
      {
        pointer: '/runs',
        detail: 'At least one run with every metric of the objective is needed.',
      },
    ],
    'too-few-runs',
  )
}
