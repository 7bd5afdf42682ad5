import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  ar1,
  type FidelityKernel,
  icm,
  LogPosterior,
  linearTruncated,
  MATERN_5_2,
  type MixtureKernel,
  RBF,
  single,
  specifyGp,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import { drawStart } from '../../../../src/optimizers/surrogates/gaussian-process/parameters.js'
import { randomObservations } from './support.js'

const FIDELITY_KERNELS: [string, FidelityKernel][] = [
  ['one fidelity', single()],
  ['ICM of two', icm(2)],
  ['ICM of three', icm(3)],
  ['ICM of four', icm(4)],
  ['AR(1) of two', ar1(2)],
  ['AR(1) of four', ar1(4)],
  ['linear truncated of three', linearTruncated([0.01, 0.3, 1])],
]

describe('the gradient of the log posterior', () => {
  for (const [name, fidelityKernel] of FIDELITY_KERNELS)
    for (const kernel of [MATERN_5_2, RBF])
      test(`is that of central differences: ${name}, ${kernel.name}`, () => {
        for (const seed of [1, 2, 3]) compareGradient(kernel, fidelityKernel, seed)
      })

  test('is that of central differences where matrices are worked on in blocks', () => {
    compareGradient(MATERN_5_2, icm(2), 1, 150)
  })
})

function compareGradient(
  kernel: MixtureKernel,
  fidelityKernel: FidelityKernel,
  seed: number,
  count = 25,
) {
  const specification = specifyGp({
    kernel,
    fidelityKernel,
    coordinates: 4,
    noiseByFidelity: seed !== 2,
    meanByFidelity: seed === 3,
  })
  const { parameters } = specification
  const observations = randomObservations(count, 4, fidelityKernel.fidelities, seed)
  const target = new LogPosterior(specification, observations)
  const rng = createRng(seed, 'values')
  // With less noise the matrix is so ill-conditioned that differences say nothing.
  const least = (name: string) => (name.startsWith('noise') ? 0.02 : -1)
  const values = Float64Array.from(parameters, (one) =>
    one.prior
      ? Math.max(least(one.name), Math.min(20, drawStart(one, rng)))
      : one.start + 0.1 * rng.normal(),
  )
  const gradient = new Float64Array(values.length)
  expect(target.evaluate(values, gradient)).toBe(target.evaluate(values))
  values.forEach((value, i) => {
    const step = 1e-4 * Math.max(1e-2, Math.abs(value))
    const shifted = (by: number) => {
      const other = values.slice()
      other[i] = value + by
      return target.evaluate(other)
    }
    // The error of the fourth order is far below the rounding.
    const slope =
      (8 * (shifted(step) - shifted(-step)) - (shifted(2 * step) - shifted(-2 * step))) /
      (12 * step)
    const scale = Math.max(1, Math.abs(gradient[i]))
    expect(Math.abs(slope - gradient[i]) / scale, parameters[i].name).toBeLessThan(1e-6)
  })
}

test('an ICM covariance is a correlation matrix, with the given correlations to the target', () => {
  const b = new Float64Array(9)
  icm(3).evaluate([0.8, -0.3, 0.5], b)
  expect([b[0], b[4], b[8]]).toEqual([1, 1, 1].map((one) => expect.closeTo(one, 12)))
  expect(b[2 * 3 + 1]).toBeCloseTo(0.8, 12)
  expect(b[2 * 3 + 0]).toBeCloseTo(-0.3, 12)
  // The partial correlation of the two, given the target.
  const partial = (b[1] - 0.8 * -0.3) / Math.sqrt((1 - 0.64) * (1 - 0.09))
  expect(partial).toBeCloseTo(0.5, 12)
  expect(b[1]).toBe(b[3])
})

test('an AR(1) covariance is that of the recursion it stands for', () => {
  const [r1, r2, d1, d2] = [0.7, 1.3, 0.2, 0.4]
  const b = new Float64Array(27)
  ar1(3).evaluate([r1, r2, d1, d2], b)
  const total = (m: number, k: number) => b[m * 3 + k] + b[9 + m * 3 + k] + b[18 + m * 3 + k]
  expect(total(0, 0)).toBeCloseTo(1, 12)
  expect(total(1, 1)).toBeCloseTo(r1 ** 2 + d1, 12)
  expect(total(2, 2)).toBeCloseTo((r2 * r1) ** 2 + r2 ** 2 * d1 + d2, 12)
  expect(total(2, 0)).toBeCloseTo(r2 * r1, 12)
  expect(total(2, 1)).toBeCloseTo(r2 * (r1 ** 2 + d1), 12)
})
