import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  standardisationOf,
  standardise,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'

describe('scores are standardised by fidelity', () => {
  test('to mean 0 and variance 1 where there are five or more', () => {
    const rng = createRng(1, 'scores')
    const fidelity = Array.from({ length: 60 }, (_, i) => i % 2)
    const values = fidelity.map((m) =>
      m === 0 ? 5 + 0.01 * rng.normal() : -300 + 70 * rng.normal(),
    )
    const scores = standardise(standardisationOf(values, fidelity, 2), values, fidelity)
    for (const m of [0, 1]) {
      const own = Array.from(scores).filter((_, i) => fidelity[i] === m)
      const mean = own.reduce((sum, score) => sum + score, 0) / own.length
      const squares = own.reduce((sum, score) => sum + (score - mean) ** 2, 0)
      expect(mean).toBeCloseTo(0, 12)
      expect(squares / (own.length - 1)).toBeCloseTo(1, 12)
    }
  })

  test('with a deviation drawn towards that of all where there are fewer', () => {
    const values = [1, 3, 10, 10, 16, 10, 4, 10]
    const fidelity = [1, 1, 0, 0, 0, 0, 0, 0]
    const { means, deviations } = standardisationOf(values, fidelity, 2)
    expect([...means]).toEqual([10, 2])
    // Variances 72/5 of six scores and 2 of two, pooled 74/6.
    expect(deviations[0]).toBeCloseTo(Math.sqrt(72 / 5), 12)
    expect(deviations[1]).toBeCloseTo(Math.sqrt((2 * 2 + 4 * (74 / 6)) / 6), 12)
  })

  test.each([
    ['all are equal', [7, 7, 7], [0, 0, 0]],
    ['there is one alone', [7], [0]],
    ['each fidelity has one', [7, 9], [0, 1]],
    ['nearly all digits agree', [1e9, 1e9 + 1e-7, 1e9], [0, 0, 0]],
  ])('by 1 where %s', (_name, values, fidelity) => {
    const found = standardisationOf(values, fidelity, 2)
    expect([...found.deviations].slice(0, Math.max(...fidelity) + 1)).toEqual(
      [...new Set(fidelity)].map(() => 1),
    )
    expect([...standardise(found, values, fidelity)].every(Number.isFinite)).toBe(true)
  })

  test('around the mean of all where a fidelity has none', () => {
    expect([...standardisationOf([1, 3], [0, 0], 2).means]).toEqual([2, 2])
  })
})
