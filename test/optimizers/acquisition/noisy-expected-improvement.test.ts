import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  expectedImprovement,
  logExpectedImprovement,
  logNoisyExpectedImprovement,
  sampledIncumbents,
} from '../../../src/optimizers/acquisition/index.js'
import { normalQuantile } from '../../../src/optimizers/normal-distribution.js'
import { rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'

describe('sampledIncumbents', () => {
  test('the maximum of each sample', () => {
    const samples = rowMatrixFrom([
      [1, 3, 2],
      [-5, -7, -6],
    ])
    expect([...sampledIncumbents(samples)]).toEqual([3, -5])
  })

  test('refuses an empty baseline and NaN', () => {
    expect(() => sampledIncumbents(rowMatrixFrom([[], []]))).toThrow('no baseline point')
    expect(() => sampledIncumbents(rowMatrixFrom([[0, Number.NaN]]))).toThrow('sample 0')
  })
})

describe('noisy expected improvement', () => {
  const number = fc.double({ min: -3, max: 3, noNaN: true })
  const samples = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 20 })

  test('is the mean of the expected improvements', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0.3, max: 2, noNaN: true }), (pairs, sd) => {
        const means = rowMatrixFrom([pairs.map(([mean]) => mean)])
        const incumbents = pairs.map(([, best]) => best)
        const [value] = logNoisyExpectedImprovement(means, [sd], incumbents)
        const improvements = pairs.map(([mean, best]) => expectedImprovement(mean, sd, best))
        const sum = improvements.reduce((a, b) => a + b, 0)
        expect(Math.abs(value - Math.log(sum / pairs.length))).toBeLessThan(1e-10)
      }),
    )
  })

  test('over one noisy baseline point it is the expected improvement of the difference', () => {
    const baseline = { mean: 0.3, variance: 0.5 }
    const candidate = { mean: 0.1, variance: 0.8, covariance: 0.35 }
    const deviates = Array.from({ length: 20_000 }, (_, s) => normalQuantile((s + 0.5) / 20_000))
    const values = deviates.map((z) => baseline.mean + Math.sqrt(baseline.variance) * z)
    const gain = candidate.covariance / baseline.variance
    const means = values.map((value) => candidate.mean + gain * (value - baseline.mean))
    const sd = Math.sqrt(candidate.variance - gain * candidate.covariance)
    const [value] = logNoisyExpectedImprovement(
      rowMatrixFrom([means]),
      [sd],
      sampledIncumbents(rowMatrixFrom(values.map((v) => [v]))),
    )
    const variance = candidate.variance + baseline.variance - 2 * candidate.covariance
    const difference = candidate.mean - baseline.mean
    expect(value).toBeCloseTo(logExpectedImprovement(difference, Math.sqrt(variance), 0), 4)
  })

  test('stays finite far below the incumbents, and ranks candidates there', () => {
    const means = rowMatrixFrom([
      [-100, -100],
      [-99, -100],
      [-99, -99],
    ])
    const values = logNoisyExpectedImprovement(means, [1, 1, 1], [0, 0])
    expect(values[0]).toBeCloseTo(logExpectedImprovement(-100, 1, 0), 9)
    expect(values[1]).toBeCloseTo(logExpectedImprovement(-99, 1, 0) - Math.LN2, 9)
    expect(values[2]).toBeCloseTo(logExpectedImprovement(-99, 1, 0), 9)
  })

  test('without uncertainty it is the mean certain improvement', () => {
    const values = logNoisyExpectedImprovement(
      rowMatrixFrom([
        [2, 0],
        [0, 0],
      ]),
      [0, 0],
      [1, 1],
    )
    expect([...values]).toEqual([expect.closeTo(-Math.LN2, 15), Number.NEGATIVE_INFINITY])
  })

  test('refuses shapes that differ, no samples and NaN', () => {
    const means = rowMatrixFrom([[1, 2]])
    expect(() => logNoisyExpectedImprovement(means, [1, 1], [0, 0])).toThrow('2 × 2')
    expect(() => logNoisyExpectedImprovement(means, [1], [0])).toThrow(RangeError)
    expect(() => logNoisyExpectedImprovement(rowMatrixFrom([[]]), [1], [])).toThrow(RangeError)
    expect(() => logNoisyExpectedImprovement(means, [1], [0, Number.NaN])).toThrow(RangeError)
    expect(() => logNoisyExpectedImprovement(means, [-1], [0, 0])).toThrow(RangeError)
  })
})
