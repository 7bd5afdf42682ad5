import { minimiseBounded, minimiseFromStarts } from '../../minimisation/index.js'
import type { Rng } from '../../random.js'
import { LogPosterior } from './log-posterior.js'
import type { GpObservations } from './observations.js'
import { drawStart, fromSearch, searchSlope, toSearch } from './parameters.js'
import type { GpSpecification } from './specification.js'

export interface GpFitOptions {
  rng: Rng
  /** Starts drawn from the priors, besides the one at their modes. Default 3. */
  drawnStarts?: number
  /** Hyper-parameters of an earlier fit: the search begins there alone. */
  warmStart?: Float64Array
  /** Of the minimiser, in the search that goes to its end. Default 200. */
  maxIterations?: number
}

export interface GpFit {
  /** All hyper-parameters, each in its own unit. */
  readonly values: Float64Array
  /** The log posterior density there. */
  readonly logPosterior: number
  /** Evaluations of the posterior, over all starts. */
  readonly evaluations: number
}

/** After so many it is clear which start leads furthest; only that search goes on to its end. */
const SCOUTING_ITERATIONS = 15

/**
 * The hyper-parameters with the largest posterior density (MAP), by L-BFGS over their logarithms from several starts. The density
 * is over the parameters themselves: no Jacobian of the logarithm is added.
 * @throws RangeError without observations
 */
export function fitGp(
  specification: GpSpecification,
  observations: GpObservations,
  options: GpFitOptions,
): GpFit {
  const { parameters } = specification
  const count = observations.points.rows
  if (count === 0) throw new RangeError('a Gaussian process needs an observation to be fitted to')
  const target = new LogPosterior(specification, observations)
  const values = new Float64Array(parameters.length)
  const slopes = new Float64Array(parameters.length)
  const bounds = {
    lower: Float64Array.from(parameters, (one) => toSearch(one, one.lower)),
    upper: Float64Array.from(parameters, (one) => toSearch(one, one.upper)),
  }
  const objective = (sought: Float64Array, gradient: Float64Array) => {
    parameters.forEach((one, i) => {
      values[i] = fromSearch(one, sought[i])
    })
    const density = target.evaluate(values, slopes)
    parameters.forEach((one, i) => {
      gradient[i] = (-slopes[i] * searchSlope(one, values[i])) / count
    })
    return -density / count
  }
  const { maxIterations = 200 } = options
  const starts = startsOf(specification, options)
  const scouted =
    starts.length > 1
      ? minimiseFromStarts(objective, starts, bounds, { maxIterations: SCOUTING_ITERATIONS })
      : { x: starts[0], evaluations: 0 }
  const found = minimiseBounded(objective, scouted.x, bounds, { maxIterations })
  return {
    values: Float64Array.from(parameters, (one, i) => fromSearch(one, found.x[i])),
    logPosterior: -found.value * count,
    evaluations: scouted.evaluations + found.evaluations,
  }
}

function startsOf(
  { parameters }: GpSpecification,
  { rng, drawnStarts = 3, warmStart }: GpFitOptions,
): Float64Array[] {
  const sought = (values: ArrayLike<number>) =>
    Float64Array.from(parameters, (one, i) => toSearch(one, values[i]))
  if (warmStart) return [sought(warmStart)]
  const modes = sought(parameters.map(({ start }) => start))
  const drawn = Array.from({ length: drawnStarts }, (_, s) => {
    const own = rng.fork('start', s)
    return sought(parameters.map((one) => drawStart(one, own)))
  })
  return [modes, ...drawn]
}
