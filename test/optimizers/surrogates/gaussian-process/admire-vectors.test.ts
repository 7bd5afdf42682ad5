import { describe, expect, test } from 'vitest'
import {
  GpPosterior,
  LogPosterior,
  linearTruncated,
  MATERN_5_2,
  specifyGp,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import { observed, pointsAt } from './support.js'

/** The end-to-end vector of a published kernel: three runs at three fidelities, all hyper-parameters given. */
const specification = specifyGp({
  kernel: MATERN_5_2,
  fidelityKernel: linearTruncated([0.001, 0.06, 1]),
  coordinates: 3,
  noiseByFidelity: false,
})
// Mean, noise, output scale, power, length-scales of the target and of the bias.
const values = Float64Array.of(0.1, 0.05, 0.8, 1, 0.5, 0.5, 0.5, 1.5, 1.5, 1.5)
const observations = observed(
  [
    [0.7, 0.2, 0.1],
    [0.1, 0.8, 0.1],
    [0.2, 0.2, 0.6],
  ],
  [2, 1, 0],
  [0.3, -0.5, 0.9],
)

describe('a Gaussian process with the linear truncated kernel', () => {
  test('has the likelihood of the vector', () => {
    const likelihood = new LogPosterior(specification, observations, { withPriors: false })
    expect(likelihood.evaluate(values)).toBeCloseTo(-3.605023731, 9)
  })

  test('predicts as the vector does, at two fidelities together', () => {
    const posterior = new GpPosterior(specification, values, observations)
    const low = posterior.at(pointsAt([[0.3, 0.3, 0.4]], [1]))
    const target = posterior.at(pointsAt([[0.3, 0.3, 0.4]], [2]))
    expect(target.means[0]).toBeCloseTo(0.478145809, 9)
    expect(target.deviations[0] ** 2).toBeCloseTo(0.412463363, 9)
    expect(low.means[0]).toBeCloseTo(0.593814647, 9)
    expect(low.deviations[0] ** 2).toBeCloseTo(0.220953029, 9)
    expect(posterior.pairedCovariance(low, target)[0]).toBeCloseTo(0.16432119, 9)
    expect(posterior.covariance(low, target)[0]).toBeCloseTo(0.16432119, 9)
  })

  test('has the kernel of the vector', () => {
    const squared = (lengths: number[]) =>
      [0.3, 0.1, -0.4].reduce((sum, step, j) => sum + (step / lengths[j]) ** 2, 0)
    const own = MATERN_5_2.value(squared([0.4, 0.5, 0.6]))
    const bias = MATERN_5_2.value(squared([1, 1.2, 1.4]))
    expect(own).toBeCloseTo(0.510704909, 9)
    expect(bias).toBeCloseTo(0.871699535, 9)
    const b = new Float64Array(18)
    linearTruncated([0.001, 0.06, 1]).evaluate([1, 1], b)
    const covariance = (m: number, k: number) => b[m * 3 + k] * own + b[9 + m * 3 + k] * bias
    expect(covariance(1, 0)).toBeCloseTo(1.329332189, 9)
    expect(covariance(1, 1)).toBeCloseTo(1.283711459, 9)
    expect(covariance(1, 2)).toBeCloseTo(0.510704909, 9)
  })
})
