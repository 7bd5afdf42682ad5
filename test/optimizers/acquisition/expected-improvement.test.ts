import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  expectedImprovement,
  logExpectedImprovement,
  logExpectedImprovementGradient,
  logH,
} from '../../../src/optimizers/acquisition/index.js'
import { gaussian, integrate } from './quadrature.js'

const problem = fc.record({
  mean: fc.double({ min: -3, max: 3, noNaN: true }),
  sd: fc.double({ min: 0.2, max: 4, noNaN: true }),
  best: fc.double({ min: -3, max: 3, noNaN: true }),
})

const positive = fc.double({ min: 1e-100, max: 1e100, noNaN: true })

describe('logH', () => {
  // mpmath 1.3 with 250 digits: ln(φ(z) + z Φ(z)); at −1000 from the specification of LogEI.
  test.each([
    [3, 1.0987396653277077],
    [1, 0.08002621884930694],
    [0, -0.9189385332046727],
    [-1, -2.4851210257126413],
    [-2, -4.768783523917114],
    [-5, -16.74430116266099],
    [-10, -55.55312203612236],
    [-20, -206.9178385094251],
    [-100, -5010.12957880025],
    [-1000, -500014.7345],
  ])('logH(%d) = %d', (z, value) => {
    expect(Math.abs(logH(z) / value - 1)).toBeLessThan(z === -1000 ? 1e-10 : 1e-13)
  })

  test('approaches its asymptotes', () => {
    const left = (z: number) => -0.5 * z * z - 0.5 * Math.log(2 * Math.PI) - 2 * Math.log(-z)
    for (const z of [-1e4, -1e6, -1e8, -1e100]) expect(logH(z) / left(z)).toBeCloseTo(1, 14)
    expect(logH(1e8)).toBe(Math.log(1e8))
    expect(logH(Number.NEGATIVE_INFINITY)).toBe(Number.NEGATIVE_INFINITY)
    expect(logH(Number.NaN)).toBeNaN()
  })
})

describe('expected improvement', () => {
  test('the posterior of a small Gaussian process', () => {
    const sd = Math.sqrt(0.412463363)
    expect(expectedImprovement(0.478145809, sd, 0.9)).toBeCloseTo(0.098654946, 9)
    expect(logExpectedImprovement(0.478145809, sd, 0.9)).toBeCloseTo(-2.316126911, 8)
  })

  test('is the integral of the improvement', () => {
    fc.assert(
      fc.property(problem, ({ mean, sd, best }) => {
        const threshold = Math.max((best - mean) / sd, -12)
        const integral = integrate(
          (z) => (mean + sd * z - best) * gaussian(z),
          threshold,
          threshold > 4 ? threshold + 56 / threshold : 18,
          300,
        )
        expect(Math.abs(expectedImprovement(mean, sd, best) / integral - 1)).toBeLessThan(1e-11)
        expect(logExpectedImprovement(mean, sd, best)).toBeCloseTo(Math.log(integral), 10)
      }),
    )
  })

  test('rises with the mean and with the standard deviation', () => {
    fc.assert(
      fc.property(
        problem,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        ({ mean, sd, best }, step) => {
          const value = logExpectedImprovement(mean, sd, best)
          expect(logExpectedImprovement(mean + step, sd, best)).toBeGreaterThan(value)
          expect(logExpectedImprovement(mean, sd + step, best)).toBeGreaterThan(value - 1e-13)
        },
      ),
    )
  })

  test('depends on scale and origin as an expectation does', () => {
    fc.assert(
      fc.property(problem, positive, ({ mean, sd, best }, scale) => {
        const value = logExpectedImprovement(mean, sd, best)
        const scaled = logExpectedImprovement(scale * mean, scale * sd, scale * best)
        expect(Math.abs(scaled - value - Math.log(scale))).toBeLessThan(1e-9)
      }),
    )
  })

  test('without uncertainty it is the certain improvement', () => {
    for (const sd of [0, 1e-300]) {
      expect(expectedImprovement(3, sd, 1)).toBe(2)
      expect(expectedImprovement(1, sd, 3)).toBe(0)
      expect(logExpectedImprovement(3, sd, 1)).toBe(Math.LN2)
      expect(logExpectedImprovement(1, sd, 3)).toBe(Number.NEGATIVE_INFINITY)
    }
    expect(expectedImprovement(1, 0, 1)).toBe(0)
    expect(expectedImprovement(1, 1e-300, 1)).toBeCloseTo(1e-300 / Math.sqrt(2 * Math.PI), 310)
    expect(logExpectedImprovement(0, 1, 1e8) / -5e15).toBeCloseTo(1, 13)
    expect(logExpectedImprovement(1e8, 1, 0)).toBe(Math.log(1e8))
  })

  test('is continuous where certainty is taken for granted', () => {
    const [below, above] = [39.999999999, 40.000000001]
    expect(expectedImprovement(below, 1, 0)).toBeCloseTo(below, 13)
    expect(logExpectedImprovement(below, 1, 0)).toBeCloseTo(logExpectedImprovement(above, 1, 0), 9)
    expect(logExpectedImprovementGradient(below, 1, 0).byMean).toBeCloseTo(1 / below, 13)
  })

  test('refuses what is no posterior', () => {
    for (const f of [expectedImprovement, logExpectedImprovement, logExpectedImprovementGradient]) {
      expect(() => f(Number.NaN, 1, 0)).toThrow(RangeError)
      expect(() => f(0, Number.NaN, 0)).toThrow(RangeError)
      expect(() => f(0, 1, Number.NaN)).toThrow(RangeError)
      expect(() => f(0, -1, 0)).toThrow(RangeError)
    }
    expect(() => logExpectedImprovementGradient(0, 0, 0)).toThrow('above 0')
  })
})

describe('the gradient of log expected improvement', () => {
  test('agrees with central differences', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -60, max: 60, noNaN: true }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        (z, sd) => {
          const at = (dz: number, ds: number) =>
            logExpectedImprovement(sd * (z + dz), sd * (1 + ds), 0)
          const gradient = logExpectedImprovementGradient(sd * z, sd, 0)
          const step = 1e-5
          const byMean = (at(step, 0) - at(-step, 0)) / (2 * step * sd)
          const bySd = (at(0, step) - at(0, -step)) / (2 * step * sd)
          expect(gradient.value).toBe(at(0, 0))
          expect(Math.abs(gradient.byMean / byMean - 1)).toBeLessThan(1e-6)
          // To the right the derivative vanishes beneath the rounding of the differences.
          const scale = Math.abs(bySd) + 1 / sd
          expect(Math.abs(gradient.bySd - bySd) / scale).toBeLessThan(1e-6)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('holds far below the best, where the ratio of density and improvement overflows', () => {
    const { value, byMean, bySd } = logExpectedImprovementGradient(-1e8, 1, 0)
    expect(value).toBeCloseTo(-5e15, -2)
    expect(byMean / 1e8).toBeCloseTo(1, 13)
    expect(bySd / 1e16).toBeCloseTo(1, 13)
    expect(logExpectedImprovementGradient(1, 1e-300, 0)).toEqual({ value: 0, byMean: 1, bySd: 0 })
  })
})
