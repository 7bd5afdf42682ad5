import { MixtureSet, SAME_MIXTURE } from '../../mixture/index.js'
import { permutation, type Rng } from '../../random.js'
import { rowOf, selectRows } from '../../row-matrix.js'
import {
  type GpObservations,
  type GpSpecification,
  type InputMap,
  LogPosterior,
  MATERN_5_2,
  mapRows,
  single,
  specifyGp,
  standardisationOf,
  standardise,
} from '../../surrogates/gaussian-process/index.js'
import { standardisedNoise } from './model.js'
import { type Runs, rowsAt } from './runs.js'

/** A Gaussian process over the mixtures of one fidelity with the same length-scale for all domains. */
export interface PlainPredictor {
  readonly specification: GpSpecification
  /** Its hyper-parameters. */
  readonly values: Float64Array
  /** Standardised; repeats of a mixture stay as they are. */
  readonly observations: GpObservations
}

const LENGTH_SCALES = [0.15, 0.25, 0.4, 0.65, 1, 1.6, 2.5, 4]
const NOISES = [0.003, 0.03, 0.1, 0.3, 0.9]
/** More runs would not change what is said of a fidelity, but take long. */
const MOST_RUNS = 300

/**
 * A predictor with two hyper-parameters, the likeliest of a grid: so few that it does not learn noise by heart, as one with a
 * length-scale for each domain does. What it predicts without a run is fair evidence.
 */
export function plainPredictor(runs: Runs, m: number, map: InputMap, rng: Rng): PlainPredictor {
  const observations = observationsOf(runs, chosenRows(runs, m, rng), map)
  const coordinates = map.coordinates(runs.weights.columns)
  const specification = specifyGp({ kernel: MATERN_5_2, fidelityKernel: single(), coordinates })
  const posterior = new LogPosterior(specification, observations, { withPriors: false })
  let best = hyperparameters(coordinates, LENGTH_SCALES[4], NOISES[2])
  let highest = Number.NEGATIVE_INFINITY
  for (const length of LENGTH_SCALES)
    for (const noise of NOISES) {
      const values = hyperparameters(coordinates, length, noise)
      const likelihood = posterior.evaluate(values)
      if (likelihood > highest) [highest, best] = [likelihood, values]
    }
  return { specification, values: best, observations }
}

/** At most so many as are needed: mixtures that were run at the target, too, and others at random. In the order of the runs. */
function chosenRows(runs: Runs, m: number, rng: Rng): number[] {
  const all = rowsAt(runs, m)
  if (all.length <= MOST_RUNS) return all
  const atTarget = new MixtureSet(SAME_MIXTURE)
  for (const i of rowsAt(runs, runs.fidelities.length - 1)) atTarget.add(rowOf(runs.weights, i))
  const shuffled = Array.from(permutation(all.length, rng), (k) => all[k])
  const isShared = (i: number) => atTarget.has(rowOf(runs.weights, i))
  const first = [...shuffled.filter(isShared), ...shuffled.filter((i) => !isShared(i))]
  return first.slice(0, MOST_RUNS).sort((a, b) => a - b)
}

/** Mean 0, the noise, and the length-scale for every coordinate. */
function hyperparameters(coordinates: number, length: number, noise: number): Float64Array {
  return Float64Array.of(0, noise, ...new Float64Array(coordinates).fill(length))
}

function observationsOf(
  { weights, scores, variances }: Runs,
  rows: readonly number[],
  map: InputMap,
): GpObservations {
  const fidelity = new Int32Array(rows.length)
  const own = Float64Array.from(rows, (i) => scores[i])
  const standardisation = standardisationOf(own, fidelity, 1)
  const unit = standardisation.deviations[0]
  return {
    points: mapRows(map, selectRows(weights, rows)),
    fidelity,
    values: standardise(standardisation, own, fidelity),
    knownNoise: Float64Array.from(rows, (i) => standardisedNoise(variances[i], unit)),
    repeats: new Float64Array(rows.length).fill(1),
  }
}
