import type { Rng } from '../../random.js'
import type { RowMatrix } from '../../row-matrix.js'
import { bootstrapWeights } from '../bootstrap.js'
import { quantile } from '../statistics.js'
import { type LawCoordinates, type LogLinearLaw, lawCoordinates, toLaw } from './coordinates.js'
import { Lbfgs, type StopRule } from './lbfgs.js'
import { LogLinearObjective } from './objective.js'
import { startingPoints } from './starts.js'

export interface LawFitOptions {
  /** Random starts, ≥ 1. */
  readonly starts: number
  /** Huber's δ > 0, in the unit of the values. */
  readonly huberDelta: number
  /** Most L-BFGS iterations of one start. */
  readonly maxIterations: number
}

/** How the starts ended: losses of the summed Huber objective. */
export interface StartSpread {
  readonly count: number
  readonly best: number
  readonly median: number
  readonly worst: number
  /** Starts that ended within 0.1 % of the best. */
  readonly withinTenthPercent: number
}

export interface LawFit {
  readonly law: LogLinearLaw
  /** Σ Huber_δ(f(p_i) − y_i) over the rows. */
  readonly loss: number
  readonly spread: StartSpread
  /** Refits the law to re-weighted rows, from the law found. */
  replicate(weights: Float64Array): LogLinearLaw
}

const POLISH_TOLERANCE = 1e-9
const START_TOLERANCE = 1e-6
/**
 * A replicate starts at the full fit, and its law may be off by far less than it differs from the
 * others'.
 */
const REPLICATE_RULE: StopRule = { maxIterations: 300, tolerance: 1e-4, window: 5 }

/**
 * Fits f(p) = e^c + e^{t·p} by the summed Huber loss from many starts and keeps the best (Olmix,
 * arXiv 2602.12237).
 * @param points (n × m) mixtures that sum to 1
 * @param values n values, all > 0 (`orient` shifts metrics that are not)
 * @throws RangeError on values ≤ 0
 */
export function fitLogLinearLaw(
  points: RowMatrix,
  values: Float64Array,
  options: LawFitOptions,
  rng: Rng,
): LawFit {
  if (!values.every((value) => value > 0)) {
    throw new RangeError('the log-linear law needs values above 0')
  }
  const coordinates = lawCoordinates(points)
  const objective = new LogLinearObjective(coordinates.design, values, options.huberDelta)
  const solver = new Lbfgs(objective)
  const rule = { maxIterations: options.maxIterations, tolerance: START_TOLERANCE, window: 10 }
  const ends = startingPoints(options.starts, coordinates, values, rng).map((parameters) => ({
    parameters,
    loss: solver.minimise(parameters, rule).value,
  }))
  const best = ends.reduce((kept, end) => (end.loss < kept.loss ? end : kept))
  best.loss = solver.minimise(best.parameters, {
    ...rule,
    tolerance: POLISH_TOLERANCE,
    window: 20,
  }).value
  return {
    law: toLaw(coordinates, best.parameters),
    loss: best.loss,
    spread: spreadOf(ends.map((end) => end.loss)),
    replicate: (weights) => refit(coordinates, objective, solver, best.parameters, weights),
  }
}

/** Laws refitted to bootstrap weights of the n rows, warm-started at the full fit. */
export function bootstrapLaws(fit: LawFit, rows: number, count: number, rng: Rng): LogLinearLaw[] {
  return Array.from({ length: count }, () => fit.replicate(bootstrapWeights(rows, rng)))
}

function refit(
  coordinates: LawCoordinates,
  objective: LogLinearObjective,
  solver: Lbfgs,
  from: Float64Array,
  weights: Float64Array,
): LogLinearLaw {
  objective.setWeights(weights)
  const parameters = from.slice()
  solver.minimise(parameters, REPLICATE_RULE)
  return toLaw(coordinates, parameters)
}

function spreadOf(losses: number[]): StartSpread {
  const best = Math.min(...losses)
  return {
    count: losses.length,
    best,
    median: quantile(losses, 0.5),
    worst: Math.max(...losses),
    withinTenthPercent: losses.filter((loss) => loss <= 1.001 * best).length,
  }
}
