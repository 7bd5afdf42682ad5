import { advisedMixtures } from '../distinct-mixtures.js'
import type { Space } from '../mixture/types.js'
import type { CompleteProblem } from '../problem.js'
import type { BaselineEvidence, SurrogateEvidence, Warning } from '../recommendation.js'
import { rowOf } from '../row-matrix.js'
import type { RunTable } from '../types.js'
import type { MixtureCounts } from './required-runs.js'
import { LEAST_PROBABILITY, SURE_PROBABILITY, type Verdict } from './verdict.js'

/** Above this many passes repeated text begins to lose its worth (arXiv 2305.16264). */
const CHEAP_EPOCHS = 4
/** Weights are rounded to about this in published tables; less than this beyond the sampled range is no extrapolation. */
const WEIGHT_ROUNDING = 1e-3
/** A small weight where every run has some is a short way down, and not worth a warning. */
const SHORT_WAY_DOWN = 0.01
const SUM_ROUNDING = 1e-9
/** Below this cross-validated R² the log-linear form does not describe the runs. */
const LEAST_LAW_R2 = 0.5

/** What a reader should know before following the recommendation; each rule looks at one thing. */
export interface WarningInput {
  problem: CompleteProblem
  space: Space
  training: RunTable
  /** Runs at other fidelities that the models learned from. */
  others: readonly RunTable[]
  weights: Float64Array
  epochs: Record<string, number | null>
  /** Every surrogate of every metric of the objective. */
  surrogates: readonly SurrogateEvidence[]
  baselines: readonly BaselineEvidence[]
  verdict: Verdict
  counts: MixtureCounts
}

const RULES: readonly ((input: WarningInput) => Warning[])[] = [
  weakEvidence,
  extrapolation,
  tooFewRuns,
  lawDoesNotFit,
  constantPredictions,
  singleDomainBeatsSurrogate,
  insideNoise,
  repetition,
  weightsRenormalised,
  missingValues,
  mixedUnits,
  baselineInfeasible,
  noPrior,
]

export function gatherWarnings(input: WarningInput): Warning[] {
  return RULES.flatMap((rule) => rule(input))
}

function weakEvidence({ verdict }: WarningInput): Warning[] {
  if (verdict.follows === 'proposal') return []
  return [
    {
      code: 'weak-evidence',
      message: `The ${verdict.follows} mixture is recommended instead of the proposal. ${verdict.reason}`,
    },
  ]
}

function extrapolation({ space, training, others, weights }: WarningInput): Warning[] {
  return space.names.flatMap((domain, j) => {
    let smallest = 1
    let largest = 0
    for (const { normalised } of [training, ...others])
      for (let i = 0; i < normalised.rows; i++) {
        const weight = rowOf(normalised, i)[j]
        smallest = Math.min(smallest, weight)
        largest = Math.max(largest, weight)
      }
    const above = weights[j] > largest + WEIGHT_ROUNDING
    if (!above && weights[j] >= smallest - SHORT_WAY_DOWN) return []
    const range = above ? `more than ${percent(largest)}` : `less than ${percent(smallest)}`
    return [
      {
        code: 'extrapolation' as const,
        domain,
        message: `${domain} gets ${percent(weights[j])}, but no run gave it ${range}: the prediction there is an extrapolation.`,
      },
    ]
  })
}

function tooFewRuns({ space, surrogates, counts: { distinct } }: WarningInput): Warning[] {
  const m = space.names.length
  const trees = surrogates.some((s) => s.chosen && s.surrogate === 'gradient-boosted-trees')
  const wanted = trees ? 15 * m : advisedMixtures(m)
  if (distinct >= wanted) return []
  return [
    {
      code: 'too-few-runs',
      message:
        `${distinct} distinct mixtures for ${m} domains are few: ` +
        (trees
          ? `gradient-boosted trees want about 15 a domain (${wanted}).`
          : `3(m + 1) = ${wanted} are advised.`),
    },
  ]
}

function lawDoesNotFit({ surrogates }: WarningInput): Warning[] {
  return chosenOf(surrogates, 'log-linear').flatMap(({ metric, crossValidation }) => {
    const r2 = crossValidation?.r2 ?? null
    if (r2 !== null && r2 >= LEAST_LAW_R2) return []
    return [
      {
        code: 'law-does-not-fit' as const,
        metric,
        message: `The log-linear law explains little of ${metric}: cross-validated R² is ${r2 === null ? 'undefined' : r2.toFixed(2)}.`,
      },
    ]
  })
}

function constantPredictions({ surrogates }: WarningInput): Warning[] {
  return surrogates.flatMap(({ chosen, metric, surrogate, details }) =>
    chosen && details.constant === true
      ? [
          {
            code: 'constant-predictions' as const,
            metric,
            message: `The ${surrogate} of ${metric} predict one value for every mixture: there are too few runs to split.`,
          },
        ]
      : [],
  )
}

function singleDomainBeatsSurrogate({ surrogates }: WarningInput): Warning[] {
  return surrogates.flatMap((control) => {
    if (control.surrogate !== 'single-domain') return []
    const model = surrogates.find(({ chosen, metric }) => chosen && metric === control.metric)
    const ours = model?.crossValidation?.spearman ?? null
    const theirs = control.crossValidation?.spearman ?? null
    if (!model || ours === null || theirs === null || theirs <= ours) return []
    return [
      {
        code: 'single-domain-beats-surrogate' as const,
        metric: control.metric,
        message: `The weight of one domain alone ranks ${control.metric} better (Spearman ${theirs.toFixed(3)}) than ${model.surrogate} (${ours.toFixed(3)}).`,
      },
    ]
  })
}

function insideNoise({ baselines, verdict }: WarningInput): Warning[] {
  if (verdict.follows !== 'proposal') return []
  const unsure = baselines.filter((b) => b.probabilityOfBeating < SURE_PROBABILITY)
  if (unsure.length === 0) return []
  const list = (named: readonly BaselineEvidence[]) =>
    named.map((b) => `${b.name} (probability ${b.probabilityOfBeating.toFixed(2)})`).join(', ')
  const worse = unsure.filter((b) => b.probabilityOfBeating < LEAST_PROBABILITY)
  const gains = unsure.filter((b) => !worse.includes(b))
  const messages = [
    ...(gains.length > 0
      ? [`The predicted gain is inside the noise of one run against: ${list(gains)}.`]
      : []),
    ...(worse.length > 0
      ? [`A run of the recommended mixture is not predicted to beat one of: ${list(worse)}.`]
      : []),
  ]
  return [{ code: 'inside-noise', message: messages.join(' ') }]
}

function repetition({ epochs }: WarningInput): Warning[] {
  return Object.entries(epochs).flatMap(([domain, passes]) =>
    passes !== null && passes > CHEAP_EPOCHS * (1 + 1e-9)
      ? [
          {
            code: 'repetition' as const,
            domain,
            message: `${domain} would be repeated ${passes.toFixed(1)} times; beyond ${CHEAP_EPOCHS} passes repeated text loses worth.`,
          },
        ]
      : [],
  )
}

function weightsRenormalised({ training }: WarningInput): Warning[] {
  let count = 0
  for (let i = 0; i < training.raw.rows; i++) {
    const sum = rowOf(training.raw, i).reduce((total, weight) => total + weight, 0)
    if (Math.abs(sum - 1) > SUM_ROUNDING) count++
  }
  if (count === 0) return []
  return [
    {
      code: 'weights-renormalised',
      message: `The weights of ${count} of ${training.raw.rows} runs do not sum to 1 exactly. Least squares, ridge and trees are fitted to them as given, the log-linear law and the solvers to the renormalised ones.`,
    },
  ]
}

function missingValues({ problem, training, counts }: WarningInput): Warning[] {
  const { needed, ofMetric } = counts
  const runs = training.normalised.rows
  return problem.metrics.flatMap(({ name: metric }) => {
    const present = training.values.get(metric)?.filter(Number.isFinite).length ?? 0
    const missing = runs - present
    if (missing === 0) return []
    return [
      {
        code: 'missing-values' as const,
        metric,
        message:
          `${missing} of ${runs} runs have no ${metric}; ` +
          ((ofMetric.get(metric) ?? 0) < needed
            ? `the others have fewer than ${needed} distinct mixtures, so it is not predicted.`
            : 'it is fitted to the others.'),
      },
    ]
  })
}

function mixedUnits({ problem }: WarningInput): Warning[] {
  const { metrics, objective } = problem
  const used = metrics.filter(({ name }) => !objective.weights || objective.weights[name] > 0)
  const kinds = new Set(used.map(({ unit, direction }) => `${unit ?? ''} ${direction}`))
  if (kinds.size < 2 || objective.scale === 'standard') return []
  return [
    {
      code: 'mixed-units',
      message:
        'The objective adds metrics of different units or directions; `objective.scale: "standard"` makes them comparable.',
    },
  ]
}

function baselineInfeasible({ baselines }: WarningInput): Warning[] {
  const named = baselines.filter(({ feasible }) => !feasible).map(({ name }) => name)
  if (named.length === 0) return []
  return [
    {
      code: 'baseline-infeasible',
      message: `Against the constraints as they stand: ${named.join(', ')}. The nearest mixture that meets them (in KL) stands in.`,
    },
  ]
}

function noPrior({ problem }: WarningInput): Warning[] {
  if (problem.prior || problem.domains.every(({ tokens }) => tokens !== undefined)) return []
  return [
    {
      code: 'no-prior',
      message:
        'Neither a prior nor the tokens of every domain were given, so the uniform mixture stands for the natural one.',
    },
  ]
}

function chosenOf(surrogates: readonly SurrogateEvidence[], name: string): SurrogateEvidence[] {
  return surrogates.filter(({ chosen, surrogate }) => chosen && surrogate === name)
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
