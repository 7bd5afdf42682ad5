import { choleskyWithJitter } from '../../linear-algebra/index.js'
import { createRng } from '../../random.js'
import { createRowMatrix, type RowMatrix } from '../../row-matrix.js'
import { packDoubles, unpackDoubles } from '../packing.js'
import type { Fitted, FittedJson, Prediction } from '../types.js'
import { ar1, type FidelityKernel, icm, linearTruncated, single } from './fidelity-kernels.js'
import { ILR, type InputMap, mapRows, minMax, RAW, SQRT } from './input-maps.js'
import { MIXTURE_KERNELS } from './mixture-kernels.js'
import type { GpObservations } from './observations.js'
import { GpPosterior, type GpProjection } from './posterior.js'
import { specifyGp } from './specification.js'

/** What a fitted Gaussian process is made of, beside its numbers. */
export interface GpRecipe {
  readonly kernel: keyof typeof MIXTURE_KERNELS
  readonly inputs: InputMap['name']
  /** Of `min-max`: the bounds; else empty. */
  readonly lower: readonly number[]
  readonly upper: readonly number[]
  readonly fidelityKernel: FidelityKernel['name']
  readonly fidelities: number
  /** Of `linear-truncated`: the coordinates; else empty. */
  readonly coordinates: readonly number[]
  readonly meanByFidelity: boolean
  readonly noiseByFidelity: boolean
}

export interface GpParts {
  readonly recipe: GpRecipe
  readonly hyperparameters: Float64Array
  /** Of standardised scores; higher is better. */
  readonly observations: GpObservations
  /** Of the target fidelity: oriented value = −(mean + deviation · standardised score). */
  readonly mean: number
  readonly deviation: number
  /** Whatever is worth showing. JSON. */
  readonly details: Record<string, unknown>
}

const VERSION = 1
const DRAWS = 200

/** A Gaussian process over mixtures and fidelities as the surrogate of one metric at the target fidelity. */
export class FittedGaussianProcess implements Fitted {
  readonly surrogate = 'gaussian-process'
  readonly rows = 'normalised'
  readonly residualSd: number
  readonly details: Record<string, unknown>
  readonly #parts: GpParts
  readonly #map: InputMap
  readonly #posterior: GpPosterior
  readonly #target: number

  constructor(parts: GpParts) {
    const { recipe, hyperparameters, observations, deviation } = parts
    this.#parts = parts
    this.#map = mapOf(recipe)
    this.#target = recipe.fidelities - 1
    this.#posterior = new GpPosterior(
      specificationOf(recipe, observations),
      hyperparameters,
      observations,
    )
    this.residualSd = deviation * Math.sqrt(this.#posterior.state.noise[this.#target])
    this.details = parts.details
  }

  predict(points: RowMatrix): Prediction {
    const known = this.#at(points)
    const { deviation } = this.#parts
    return {
      mean: this.#oriented(known.means),
      sd: known.deviations.map((sd) => Math.hypot(deviation * sd, this.residualSd)),
    }
  }

  predictMean(points: RowMatrix): Float64Array {
    return this.#oriented(this.#at(points).means)
  }

  /** Joint draws of the score without noise: always the same ones, as those of a bootstrap are. */
  draws(points: RowMatrix): Float64Array[] {
    const known = this.#at(points)
    const n = points.rows
    const { factor } = choleskyWithJitter(this.#posterior.covariance(known, known), n)
    const rng = createRng(0, 'Gaussian process draws')
    return Array.from({ length: DRAWS }, () => {
      const z = Float64Array.from({ length: n }, () => rng.normal())
      const scores = known.means.map((mean, i) => {
        let score = mean
        for (let k = 0; k <= i; k++) score += factor.data[i * factor.stride + k] * z[k]
        return score
      })
      return this.#oriented(scores)
    })
  }

  toJSON(): FittedJson {
    const { recipe, hyperparameters, observations, mean, deviation, details } = this.#parts
    const { points, fidelity, values, knownNoise, repeats } = observations
    return {
      surrogate: 'gaussian-process',
      version: VERSION,
      recipe,
      mean,
      deviation,
      details,
      count: points.rows,
      columns: points.columns,
      hyperparameters: { count: hyperparameters.length, values: packDoubles(hyperparameters) },
      points: packDoubles(points.data),
      fidelity: packDoubles(Float64Array.from(fidelity)),
      values: packDoubles(values),
      knownNoise: packDoubles(knownNoise),
      repeats: packDoubles(repeats),
    }
  }

  #at(points: RowMatrix): GpProjection {
    const fidelity = new Int32Array(points.rows).fill(this.#target)
    return this.#posterior.at({ points: mapRows(this.#map, points), fidelity })
  }

  #oriented(scores: Float64Array): Float64Array {
    const { mean, deviation } = this.#parts
    return scores.map((score) => -(mean + deviation * score))
  }
}

/** @throws TypeError on another layout */
export function restoreGaussianProcess(json: FittedJson): FittedGaussianProcess {
  if (json.version !== VERSION) {
    throw new TypeError(
      `a stored Gaussian process has layout version ${json.version}, this program reads ${VERSION}`,
    )
  }
  const { recipe, mean, deviation, details, hyperparameters } = json as unknown as GpParts & {
    hyperparameters: { count: number; values: string }
  }
  const [count, columns] = [Number(json.count), Number(json.columns)]
  const points = createRowMatrix(count, columns)
  points.data.set(unpackDoubles(json.points, count * columns))
  return new FittedGaussianProcess({
    recipe,
    mean,
    deviation,
    details,
    hyperparameters: unpackDoubles(hyperparameters.values, hyperparameters.count),
    observations: {
      points,
      fidelity: Int32Array.from(unpackDoubles(json.fidelity, count)),
      values: unpackDoubles(json.values, count),
      knownNoise: unpackDoubles(json.knownNoise, count),
      repeats: unpackDoubles(json.repeats, count),
    },
  })
}

function mapOf({ inputs, lower, upper }: GpRecipe): InputMap {
  if (inputs === 'min-max') return minMax(lower, upper)
  return inputs === 'raw' ? RAW : inputs === 'sqrt' ? SQRT : ILR
}

function specificationOf(recipe: GpRecipe, { points }: GpObservations) {
  const { kernel, meanByFidelity, noiseByFidelity } = recipe
  return specifyGp({
    kernel: MIXTURE_KERNELS[kernel],
    fidelityKernel: fidelityKernelOf(recipe),
    coordinates: points.columns,
    meanByFidelity,
    noiseByFidelity,
  })
}

function fidelityKernelOf({ fidelityKernel, fidelities, coordinates }: GpRecipe): FidelityKernel {
  switch (fidelityKernel) {
    case 'single':
      return single()
    case 'icm':
      return icm(fidelities)
    case 'ar1':
      return ar1(fidelities)
    case 'linear-truncated':
      return linearTruncated(coordinates)
  }
}
