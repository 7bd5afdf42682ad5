import { Type } from 'typebox'
import { rowOf } from '../row-matrix.js'
import { LinearFitted, restoreLinear } from './linear-model.js'
import { mean, residualDeviation, rmse, rootMeanSquare, spearman } from './statistics.js'
import type { Observations, Surrogate } from './types.js'

/** The control has nothing to choose. */
export const SingleDomainParamsSchema = Type.Object({}, { additionalProperties: false })

/** A line y ≈ a + b · w_d through the weight of one domain. */
interface Line {
  readonly domainIndex: number
  readonly centre: number
  readonly slope: number
  readonly spearman: number
  readonly rmse: number
}

/**
 * The control: the single best domain as predictor. On RegMix's 1B runs the Pile-CC weight alone
 * ranks the Pile-CC loss better than the published regression, so every surrogate has to be shown
 * beside it. The domain is the one whose weight has the largest |Spearman| with the values on the
 * training rows; ties go to the smaller error of its line.
 */
export const singleDomain: Surrogate = {
  name: 'single-domain',
  title: 'Single best domain (control)',
  rows: 'raw',
  defaults: {},
  // Two points lie on a line in every domain, so nothing could be said about which is best.
  minimumRuns: () => 3,
  fit: (observations) => control(observations),
  fitWithIntervals: (observations, _params, _rng, outOfFoldResiduals) =>
    control(observations, outOfFoldResiduals),
  restore: restoreLinear,
}

function control(observations: Observations, outOfFoldResiduals?: Float64Array): LinearFitted {
  const { raw, values } = observations
  const best = bestLine(observations)
  const centre = new Float64Array(raw.columns)
  const coefficients = new Float64Array(raw.columns + 1)
  coefficients[0] = mean(values)
  if (best) {
    centre[best.domainIndex] = best.centre
    coefficients[best.domainIndex + 1] = best.slope
  }
  const parts = {
    surrogate: 'single-domain' as const,
    centre,
    coefficients,
    replicates: new Float64Array(0),
    details: {
      domainIndex: best?.domainIndex ?? null,
      slope: best?.slope ?? 0,
      spearman: best?.spearman ?? null,
    },
  }
  const fitted = new LinearFitted({ ...parts, residualSd: 0 }).predictMean(raw)
  const residualSd = outOfFoldResiduals?.length
    ? rootMeanSquare(outOfFoldResiduals)
    : residualDeviation(fitted, values, 2)
  return new LinearFitted({ ...parts, residualSd })
}

/** Undefined when no domain's weight varies, or the values do not. */
function bestLine({ raw, values }: Observations): Line | undefined {
  let best: Line | undefined
  for (let domainIndex = 0; domainIndex < raw.columns; domainIndex++) {
    const weights = Float64Array.from(values, (_, i) => rowOf(raw, i)[domainIndex])
    const correlation = spearman(weights, values)
    if (correlation === null) continue
    const line = { domainIndex, spearman: correlation, ...leastSquaresLine(weights, values) }
    const gain = best ? Math.abs(line.spearman) - Math.abs(best.spearman) : 1
    if (!best || gain > 0 || (gain === 0 && line.rmse < best.rmse)) best = line
  }
  return best
}

function leastSquaresLine(weights: Float64Array, values: Float64Array) {
  const centre = mean(weights)
  const valueMean = mean(values)
  let cross = 0
  let square = 0
  for (let i = 0; i < weights.length; i++) {
    cross += (weights[i] - centre) * (values[i] - valueMean)
    square += (weights[i] - centre) ** 2
  }
  const slope = cross / square
  const line = weights.map((weight) => valueMean + slope * (weight - centre))
  return { centre, slope, rmse: rmse(line, values) ?? 0 }
}
