import type { Space } from '../../mixture/types.js'
import { createRng, permutation, type Rng } from '../../random.js'
import type { RowMatrix } from '../../row-matrix.js'
import {
  aggregateRepeats,
  fitGp,
  type GpObservations,
  type GpPoints,
  GpPosterior,
  type GpSpecification,
  type InputMap,
  mapRows,
  type Standardisation,
  standardisationOf,
  standardise,
} from '../../surrogates/gaussian-process/index.js'
import type { Memo } from '../../types.js'
import { memoKey } from './memo-key.js'
import type { AdmireParams } from './params.js'
import { type Runs, restrictRuns, winsorise } from './runs.js'
import { inputMap, specificationOf } from './specification.js'

/** Beyond so many runs the hyper-parameters are learned from a part of them: a fit grows with the third power. */
const MOST_FITTED = 400
/** … and beyond so many so is everything else. */
export const MOST_KNOWN = 1500

/** A Gaussian process over mixtures and fidelities, given the runs. Scores inside are standardised; higher is better. */
export interface Model {
  /** Those it is given. */
  readonly runs: Runs
  readonly specification: GpSpecification
  /** In the specification's order. */
  readonly hyperparameters: Float64Array
  readonly observations: GpObservations
  readonly posterior: GpPosterior
  readonly standardisation: Standardisation
  readonly map: InputMap
  /** Place of the target among the fidelities. */
  readonly target: number
}

export interface ModelOptions {
  space: Space
  params: AdmireParams
  /** By fidelity, for the published kernel: its coordinate is the share of the target's cost. */
  costs: readonly number[]
  rng: Rng
  memo?: Memo
}

/** @throws RangeError without a run */
export function fitModel(all: Runs, options: ModelOptions): Model {
  const { space, params, rng, memo } = options
  const known = atMost(all, MOST_KNOWN, rng.fork('known'))
  const runs = params.replicate ? known : winsorise(known)
  const map = inputMap(space, params)
  const specification = specificationOf(runs.fidelities.length, map, options)
  const standardisation = params.replicate
    ? asTheyAre(runs.fidelities.length)
    : standardisationOf(runs.scores, runs.fidelity, runs.fidelities.length)
  const observe = (some: Runs) => observationsOf(some, map, standardisation)
  const observations = observe(runs)
  const learn = () => {
    const fitted = atMost(runs, MOST_FITTED, rng.fork('fitted'))
    const starts = { rng: rng.fork('fit'), drawnStarts: params.starts - 1 }
    return fitGp(specification, observe(fitted), starts).values
  }
  const hyperparameters = memo ? memo.get(keyOf(observations, options), learn) : learn()
  return {
    runs,
    specification,
    hyperparameters,
    observations,
    posterior: new GpPosterior(specification, hyperparameters, observations),
    standardisation,
    map,
    target: runs.fidelities.length - 1,
  }
}

/** The same model, given other runs of its fidelities: nothing is learned anew. */
export function conditionOn(model: Model, runs: Runs): Model {
  const { specification, hyperparameters, map, standardisation } = model
  const observations = observationsOf(runs, map, standardisation)
  const posterior = new GpPosterior(specification, hyperparameters, observations)
  return { ...model, runs, observations, posterior }
}

/** The same kind of model for other scores of the same fidelities; the search for its hyper-parameters begins at those there are. */
export function refitModel(model: Model, all: Runs, rng: Rng): Model {
  const { specification, hyperparameters, map } = model
  const runs = atMost(all, MOST_KNOWN, rng.fork('known'))
  const standardisation = scaleLike(model, runs)
  const fitted = atMost(runs, MOST_FITTED, rng.fork('fitted'))
  const { values } = fitGp(specification, observationsOf(fitted, map, standardisation), {
    rng,
    warmStart: hyperparameters,
  })
  return conditionOn({ ...model, standardisation, hyperparameters: values }, runs)
}

/** Runs that a quick fit learns its hyper-parameters from, and how far it goes. */
const QUICK = { runs: 150, iterations: 40 }

/** The same kind of model for other runs, with hyper-parameters that know of no others: a quick fit from where priors are highest. */
export function freshModel(model: Model, runs: Runs): Model {
  const { specification, map } = model
  const standardisation = scaleLike(model, runs)
  const rng = createRng(0, 'fresh')
  const fitted = atMost(runs, QUICK.runs, rng.fork('fitted'))
  const { values } = fitGp(specification, observationsOf(fitted, map, standardisation), {
    rng,
    drawnStarts: 0,
    maxIterations: QUICK.iterations,
  })
  return conditionOn({ ...model, standardisation, hyperparameters: values }, runs)
}

/** As the model's scores are: by fidelity, or not at all in the published form. */
function scaleLike({ specification }: Model, runs: Runs): Standardisation {
  return specification.fidelityKernel.name === 'linear-truncated'
    ? asTheyAre(runs.fidelities.length)
    : standardisationOf(runs.scores, runs.fidelity, runs.fidelities.length)
}

/** Mixtures (k × m) at one fidelity, or each at its own, as the Gaussian process takes them. */
export function pointsOf(
  { map }: Pick<Model, 'map'>,
  weights: RowMatrix,
  fidelity: number | Int32Array,
): GpPoints {
  const places =
    typeof fidelity === 'number' ? new Int32Array(weights.rows).fill(fidelity) : fidelity
  return { points: mapRows(map, weights), fidelity: places }
}

/** Noise variance of a run, standardised. */
export const noiseAt = ({ posterior }: Pick<Model, 'posterior'>, m: number) =>
  posterior.state.noise[m]

/** The learned correlation of the scores of one mixture at two fidelities, without noise. */
export function learnedCorrelation(model: Model, one: number, other: number): number {
  const { terms, fidelities } = model.specification.fidelityKernel
  const { b } = model.posterior.state
  const covariance = (m: number, k: number) => {
    let sum = 0
    for (let q = 0; q < terms; q++) sum += b[(q * fidelities + m) * fidelities + k]
    return sum
  }
  return covariance(one, other) / Math.sqrt(covariance(one, one) * covariance(other, other))
}

function asTheyAre(fidelities: number): Standardisation {
  return {
    means: new Float64Array(fidelities),
    deviations: new Float64Array(fidelities).fill(1),
  }
}

/** A run that is known this badly says nothing. */
const MOST_NOISE = 1e6

/** A known variance in units of the standardised scores. */
export const standardisedNoise = (variance: number, deviation: number) =>
  Math.min(MOST_NOISE, variance / deviation / deviation)

function observationsOf(
  { weights, fidelity, scores, variances }: Runs,
  map: InputMap,
  standardisation: Standardisation,
): GpObservations {
  return aggregateRepeats({
    points: mapRows(map, weights),
    fidelity,
    values: standardise(standardisation, scores, fidelity),
    knownNoise: variances.map((variance, i) =>
      standardisedNoise(variance, standardisation.deviations[fidelity[i]]),
    ),
    repeats: new Float64Array(fidelity.length).fill(1),
  })
}

/** All runs at the target as far as they go, then a random part of the others. */
function atMost(runs: Runs, most: number, rng: Rng): Runs {
  const count = runs.scores.length
  if (count <= most) return runs
  const target = runs.fidelities.length - 1
  const shuffled = [...permutation(count, rng)]
  const isTarget = (i: number) => runs.fidelity[i] === target
  const order = [...shuffled.filter(isTarget), ...shuffled.filter((i) => !isTarget(i))]
  const kept = new Set(order.slice(0, most))
  return restrictRuns(runs, [...runs.fidelities.keys()], (i) => kept.has(i))
}

/** Names the data, the model and the stream of a fit. */
function keyOf(
  { points, fidelity, values, knownNoise, repeats }: GpObservations,
  options: ModelOptions,
) {
  const { params, costs, rng } = options
  const { kernel, inputs, fidelityKernel, replicate, starts } = params
  const about = { kernel, inputs, fidelityKernel, replicate, starts, costs }
  return memoKey('model', [points.data, fidelity, values, knownNoise, repeats], about, rng)
}
