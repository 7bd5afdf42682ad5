import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  knowledgeGradient,
  logExpectedImprovement,
  logH,
  logKnowledgeGradient,
} from '../../../src/optimizers/acquisition/index.js'
import { gaussian, integrate } from './quadrature.js'

/** E[max(means + slopes Z)] − max(means), integrated between all crossings of two lines. */
function byIntegration(means: readonly number[], slopes: readonly number[]): number {
  const best = Math.max(...means)
  const kinks = [-12, 12]
  for (let i = 0; i < means.length; i++) {
    for (let j = 0; j < i; j++) {
      const z = (means[i] - means[j]) / (slopes[j] - slopes[i])
      if (Math.abs(z) < 12) kinks.push(z)
    }
  }
  kinks.sort((a, b) => a - b)
  const rise = (z: number) => Math.max(...means.map((a, i) => a - best + slopes[i] * z))
  let sum = 0
  for (let k = 1; k < kinks.length; k++) {
    const panels = Math.ceil((kinks[k] - kinks[k - 1]) / 0.5) + 1
    sum += integrate((z) => rise(z) * gaussian(z), kinks[k - 1], kinks[k], panels)
  }
  return sum
}

const number = fc.double({ min: -2, max: 2, noNaN: true })
const rounded = fc.integer({ min: -4, max: 4 }).map((k) => k / 2)
const lines = fc.oneof(
  fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 12 }),
  fc.array(fc.tuple(rounded, rounded), { minLength: 1, maxLength: 12 }),
)

describe('knowledge gradient', () => {
  test('agrees with numerical integration over the outcome', () => {
    fc.assert(
      fc.property(lines, (pairs) => {
        const means = pairs.map(([mean]) => mean)
        const slopes = pairs.map(([, slope]) => slope)
        const value = knowledgeGradient(means, slopes)
        expect(value).toBeCloseTo(byIntegration(means, slopes), 11)
        const log = logKnowledgeGradient(means, slopes)
        if (value > 1e-290) expect(log).toBeCloseTo(Math.log(value), 9)
        else expect(log).toBeLessThan(-660)
      }),
      { numRuns: 300 },
    )
  })

  test('of many alternatives', () => {
    const means = Array.from({ length: 300 }, (_, i) => Math.sin(i * i))
    const slopes = Array.from({ length: 300 }, (_, i) => Math.cos(3 * i * i + 1) / 2)
    const best = Math.max(...means)
    const rise = (z: number) => Math.max(...means.map((a, i) => a - best + slopes[i] * z))
    const integral = integrate((z) => rise(z) * gaussian(z), -10, 10, 4000)
    expect(Math.abs(knowledgeGradient(means, slopes) / integral - 1)).toBeLessThan(1e-6)
  })

  test('against one known alternative it is expected improvement', () => {
    for (const mean of [-30, -3, 0, 0.5, 2]) {
      // Above the known value, what is gained is not having to keep the better one.
      const gain = logKnowledgeGradient([1, mean], [0, 0.7])
      expect(gain).toBeCloseTo(logExpectedImprovement(-Math.abs(mean - 1), 0.7, 0), 10)
    }
  })

  test('stays finite in logarithms where it underflows', () => {
    expect(knowledgeGradient([0, -60], [0, 1])).toBe(0)
    expect(logKnowledgeGradient([0, -60], [0, 1])).toBe(logH(-60))
    const two = logKnowledgeGradient([-60, 0, -60], [-1, 0, 1])
    expect(two).toBeCloseTo(logH(-60) + Math.LN2, 9)
  })

  test('does not depend on the order, on duplicates or on a common shift', () => {
    fc.assert(
      fc.property(lines, number, number, (pairs, up, tilt) => {
        const value = knowledgeGradient(
          pairs.map(([mean]) => mean),
          pairs.map(([, slope]) => slope),
        )
        const shuffled = [...pairs, ...pairs].reverse()
        const moved = knowledgeGradient(
          shuffled.map(([mean]) => mean + up),
          shuffled.map(([, slope]) => slope + tilt),
        )
        expect(moved).toBeCloseTo(value, 12)
      }),
    )
  })

  test('is never negative, and 0 when nothing can change', () => {
    fc.assert(
      fc.property(lines, (pairs) => {
        const means = pairs.map(([mean]) => mean)
        const slopes = pairs.map(([, slope]) => slope)
        expect(knowledgeGradient(means, slopes)).toBeGreaterThanOrEqual(0)
      }),
    )
    expect(knowledgeGradient([1, 2, 3], [0.5, 0.5, 0.5])).toBe(0)
    expect(logKnowledgeGradient([1, 2, 3], [0.5, 0.5, 0.5])).toBe(Number.NEGATIVE_INFINITY)
    expect(knowledgeGradient([4], [1])).toBe(0)
    expect(knowledgeGradient([0, 1], [0, 1e-300])).toBe(0)
    expect(knowledgeGradient([0, 1e8, -1e8], [1e-300, 0, 1e-12])).toBe(0)
  })

  test('refuses what is no set of alternatives', () => {
    for (const f of [knowledgeGradient, logKnowledgeGradient]) {
      expect(() => f([], [])).toThrow(RangeError)
      expect(() => f([1, 2], [1])).toThrow(RangeError)
      expect(() => f([1, Number.NaN], [1, 1])).toThrow('alternative 1')
      expect(() => f([1, 1], [Number.POSITIVE_INFINITY, 1])).toThrow('alternative 0')
    }
  })
})
