import { describe, expect, test } from 'vitest'
import { dirichletSampler, sampleDirichlet } from '../../../src/optimizers/mixture/index.js'
import { createRng } from '../../../src/optimizers/random.js'

const sumOf = (values: Float64Array) => values.reduce((a, b) => a + b, 0)

describe('dirichletSampler', () => {
  test.each([
    ['large and small concentrations', [0.3, 1, 2.5, 7]],
    ['flat', [1, 1, 1]],
    ['sparse', [0.02, 0.05, 0.03]],
  ])('has the moments of the distribution: %s', (_, concentrations) => {
    const n = 40_000
    const total = concentrations.reduce((a, b) => a + b, 0)
    const sampler = dirichletSampler(concentrations)
    const rng = createRng(1, 'moments')
    const draw = new Float64Array(concentrations.length)
    const mean = concentrations.map(() => 0)
    const second = concentrations.map(() => 0)
    let product = 0
    for (let k = 0; k < n; k++) {
      sampler.draw(rng, draw)
      draw.forEach((weight, i) => {
        mean[i] += weight / n
        second[i] += weight ** 2 / n
      })
      product += (draw[0] * draw[1]) / n
    }
    concentrations.forEach((a, i) => {
      const expectedMean = a / total
      const expectedSecond = (a * (a + 1)) / (total * (total + 1))
      // Five standard errors; the variance of a weight, or of its square, is below its mean.
      expect(Math.abs(mean[i] - expectedMean)).toBeLessThan(5 * Math.sqrt(expectedMean / n))
      expect(Math.abs(second[i] - expectedSecond)).toBeLessThan(5 * Math.sqrt(expectedSecond / n))
    })
    const expectedProduct = (concentrations[0] * concentrations[1]) / (total * (total + 1))
    expect(Math.abs(product - expectedProduct)).toBeLessThan(5 * Math.sqrt(expectedProduct / n))
  })

  test('a marginal has the distribution of a Beta variable', () => {
    // Beta(1, 2) has the distribution function 1 − (1 − x)².
    const rng = createRng(2, 'beta')
    const draw = new Float64Array(3)
    const n = 20_000
    const values = Float64Array.from(
      { length: n },
      () => sampleDirichlet([1, 1, 1], rng, draw)[0],
    ).sort()
    const distance = values.reduce(
      (worst, x, k) => Math.max(worst, Math.abs(1 - (1 - x) ** 2 - (k + 0.5) / n)),
      0,
    )
    // Kolmogorov–Smirnov at the level 1e-4.
    expect(distance).toBeLessThan(2.23 / Math.sqrt(n))
  })

  test.each([1e-3, 1e-6, 1e-100, 1e-308, 5e-324])(
    'survives concentrations of %s: nearly one-hot, each domain as often as its share',
    (scale) => {
      const concentrations = [3 * scale, scale, 0]
      const share = concentrations[0] / (concentrations[0] + concentrations[1])
      const rng = createRng(3, 'tiny')
      const n = 4000
      let first = 0
      for (let k = 0; k < n; k++) {
        const draw = sampleDirichlet(concentrations, rng)
        expect(sumOf(draw)).toBeCloseTo(1, 12)
        expect(draw[2]).toBe(0)
        first += draw[0] / n
      }
      expect(Math.abs(first - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / n))
    },
  )

  test('equal streams give equal draws', () => {
    const one = sampleDirichlet([0.5, 2, 1], createRng(4, 'a'))
    expect(sampleDirichlet([0.5, 2, 1], createRng(4, 'a'))).toEqual(one)
    expect(sampleDirichlet([0.5, 2, 1], createRng(5, 'a'))).not.toEqual(one)
  })

  test('refuses what is not a concentration', () => {
    for (const bad of [[-1, 1], [Number.NaN, 1], [Number.POSITIVE_INFINITY, 1], [0, 0], []]) {
      expect(() => dirichletSampler(bad)).toThrow(RangeError)
    }
  })
})
