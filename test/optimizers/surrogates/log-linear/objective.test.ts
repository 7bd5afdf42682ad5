import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import { rowOf } from '../../../../src/optimizers/row-matrix.js'
import {
  boundedExp,
  LogLinearObjective,
} from '../../../../src/optimizers/surrogates/log-linear/objective.js'
import { randomMixtures } from '../../../support/random-mixtures.js'

/** The loss from its definition, one row after the other. */
function plainLoss(
  design: ReturnType<typeof randomMixtures>,
  values: Float64Array,
  weights: Float64Array,
  delta: number,
  [c, ...t]: number[],
): number {
  return values.reduce((loss, value, i) => {
    const z = rowOf(design, i).reduce((sum, weight, j) => sum + weight * t[j], 0)
    const r = Math.abs(boundedExp(c) + boundedExp(z) - value)
    return loss + weights[i] * (r <= delta ? 0.5 * r * r : delta * (r - 0.5 * delta))
  }, 0)
}

describe('the law’s objective', () => {
  // 13 rows: not a multiple of the four that are taken at a time.
  const rows = 13
  const design = randomMixtures(rows, 3, createRng(31))
  const values = Float64Array.from({ length: rows }, (_, i) => 1.5 + 0.2 * i)
  const weights = Float64Array.from({ length: rows }, (_, i) => (i % 5) * 0.7)

  test.each([0.02, 0.5, 10])('value and gradient, delta %d', (delta) => {
    const objective = new LogLinearObjective(design, values, delta)
    objective.setWeights(weights)
    const coordinate = fc.double({ min: -4, max: 4, noNaN: true })
    fc.assert(
      fc.property(fc.tuple(coordinate, coordinate, coordinate, coordinate), (point) => {
        const gradient = new Float64Array(4)
        const value = objective.evaluate(Float64Array.from(point), gradient)
        const plain = (at: number[]) => plainLoss(design, values, weights, delta, at)
        expect(value).toBeCloseTo(plain(point), 8)
        point.forEach((_, k) => {
          const step = 1e-6
          const up = point.map((x, j) => (j === k ? x + step : x))
          const down = point.map((x, j) => (j === k ? x - step : x))
          const slope = (plain(up) - plain(down)) / (2 * step)
          expect(Math.abs(gradient[k] - slope)).toBeLessThan(1e-5 * (1 + Math.abs(slope)))
        })
      }),
      { numRuns: 60 },
    )
  })

  test('exponents beyond double range stay finite, with a slope that leads back', () => {
    const objective = new LogLinearObjective(design, values, 0.02)
    const gradient = new Float64Array(4)
    const value = objective.evaluate(Float64Array.of(900, 2000, 5000, 1000), gradient)
    expect(Number.isFinite(value)).toBe(true)
    expect(gradient.every((slope) => Number.isFinite(slope) && slope > 0)).toBe(true)
  })

  test('the bounded exponential joins its tangent smoothly', () => {
    const slope = (z: number) => (boundedExp(z + 1e-6) - boundedExp(z - 1e-6)) / 2e-6
    expect(slope(60 + 1e-3) / slope(60 - 1e-3)).toBeCloseTo(1, 2)
    expect(boundedExp(3)).toBe(Math.exp(3))
  })
})
