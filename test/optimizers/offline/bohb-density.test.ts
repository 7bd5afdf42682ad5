import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromIlr } from '../../../src/optimizers/offline/bohb/inverse-ilr.js'
import {
  drawFromDensity,
  fitKernelDensity,
  logDensity,
} from '../../../src/optimizers/offline/bohb/kernel-density.js'
import { createRng } from '../../../src/optimizers/random.js'
import { type RowMatrix, rowMatrixFrom } from '../../../src/optimizers/row-matrix.js'
import { ILR } from '../../../src/optimizers/surrogates/gaussian-process/index.js'

function normalPoints(rows: number, columns: number, seed: number): RowMatrix {
  const rng = createRng(seed, 'points')
  return rowMatrixFrom(
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => rng.normal())),
  )
}

describe('the kernel density', () => {
  test.each([1, 2, 3])('in %i dimensions integrates to 1', (columns) => {
    const density = fitKernelDensity(normalPoints(6, columns, 2), 1e-3)
    const step = 0.2
    const cells = 60
    let total = 0
    for (let cell = 0; cell < cells ** columns; cell++) {
      const at = Array.from(
        { length: columns },
        (_, j) => step * ((Math.floor(cell / cells ** j) % cells) + 0.5 - cells / 2),
      )
      total += Math.exp(logDensity(density, at)) * step ** columns
    }
    expect(total).toBeCloseTo(1, 3)
  })

  test('is the mean of products of normal densities, with bandwidths by the rule of thumb', () => {
    const points = rowMatrixFrom([
      [0, 10],
      [2, 10],
      [4, 10],
    ])
    const { bandwidths } = fitKernelDensity(points, 0.5)
    // Standard deviation √(8/3); the second coordinate does not vary.
    expect(bandwidths[0]).toBeCloseTo(1.06 * Math.sqrt(8 / 3) * 3 ** (-1 / 6), 12)
    expect(bandwidths[1]).toBe(0.5)
    const normal = (x: number, mean: number, sd: number) =>
      Math.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * Math.sqrt(2 * Math.PI))
    const plain =
      ([0, 2, 4].reduce((sum, mean) => sum + normal(1, mean, bandwidths[0]), 0) / 3) *
      normal(9.7, 10, 0.5)
    expect(logDensity({ points, bandwidths }, [1, 9.7])).toBeCloseTo(Math.log(plain), 12)
  })

  test('far from all points is small but not 0', () => {
    const density = fitKernelDensity(normalPoints(5, 3, 3), 1e-3)
    expect(logDensity(density, [1e4, 0, 0])).toBeGreaterThan(Number.NEGATIVE_INFINITY)
    expect(logDensity(density, [1e4, 0, 0])).toBeLessThan(-1e6)
  })

  /** Largest difference between the share of draws below a point and the integral of the density up to it. */
  function discrepancy(draws: number[], density: (x: number) => number): number {
    const sorted = draws.toSorted((a, b) => a - b)
    const step = 0.005
    let integral = 0
    let below = 0
    let largest = 0
    for (let x = -15; x < 15; x += step) {
      integral += density(x + step / 2) * step
      while (below < sorted.length && sorted[below] <= x + step) below++
      largest = Math.max(largest, Math.abs(below / sorted.length - integral))
    }
    expect(integral).toBeCloseTo(1, 3)
    return largest
  }

  test('is what samples are drawn from', () => {
    const points = normalPoints(4, 1, 4)
    const density = fitKernelDensity(points, 1e-3)
    const rng = createRng(5)
    const anywhere = { lower: [-100], upper: [100] }
    const draws = Array.from({ length: 5000 }, () => drawFromDensity(density, 1, anywhere, rng)[0])
    // Kolmogorov: 0.0276 is exceeded once in 1,000 times.
    expect(discrepancy(draws, (x) => Math.exp(logDensity(density, [x])))).toBeLessThan(0.0276)
  })

  test('is widened and truncated kernel by kernel for samples', () => {
    const points = rowMatrixFrom([[-1], [0.5], [1]])
    const bandwidths = Float64Array.of(0.4)
    const rng = createRng(6)
    const range = { lower: [-1], upper: [2] }
    const draws = Array.from(
      { length: 5000 },
      () => drawFromDensity({ points, bandwidths }, 3, range, rng)[0],
    )
    const kernel = (x: number, mean: number) =>
      x < -1 || x > 2 ? 0 : Math.exp(-(((x - mean) / 1.2) ** 2) / 2)
    const masses = [-1, 0.5, 1].map((mean) => {
      let mass = 0
      for (let x = -1; x < 2; x += 1e-4) mass += kernel(x + 5e-5, mean) * 1e-4
      return mass
    })
    const truncated = (x: number) =>
      [-1, 0.5, 1].reduce((sum, mean, k) => sum + kernel(x, mean) / masses[k] / 3, 0)
    expect(discrepancy(draws, truncated)).toBeLessThan(0.0276)
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(-1)
    expect(Math.max(...draws)).toBeLessThanOrEqual(2)
  })
})

test('mixtures come back from their log-ratios', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 }),
      (sizes) => {
        const sum = sizes.reduce((a, b) => a + b)
        const weights = sizes.map((size) => size / sum)
        const coordinates = new Float64Array(weights.length - 1)
        ILR.map(weights, coordinates)
        const back = fromIlr(coordinates)
        weights.forEach((weight, j) => {
          expect(back[j]).toBeCloseTo(weight, 12)
        })
      },
    ),
  )
})
