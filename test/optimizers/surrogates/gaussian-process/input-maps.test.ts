import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../src/optimizers/random.js'
import {
  ILR,
  type InputMap,
  minMax,
  RAW,
  SQRT,
} from '../../../../src/optimizers/surrogates/gaussian-process/index.js'
import { randomMixture } from './support.js'

const mapped = (map: InputMap, weights: number[]) => {
  const out = new Float64Array(map.coordinates(weights.length))
  map.map(weights, out)
  return out
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.hypot(...Array.from(a, (x, j) => x - b[j]))

const within = (seed: number) => {
  const rng = createRng(seed, 'mixtures')
  // No share so small that ILR takes another for it.
  return [0, 1].map(() => randomMixture(5, rng).map((weight) => (weight + 0.01) / 1.05))
}

describe('an input map', () => {
  for (const map of [RAW, SQRT, ILR, minMax([0, 0, 0.1, 0, 0], [1, 0.5, 0.9, 0, 1])])
    test(`pulls derivatives back as central differences say: ${map.name}`, () => {
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const [weights] = within(seed)
          const rng = createRng(seed, 'slopes')
          const slopes = mapped(map, weights).map(() => rng.normal())
          const along = (shares: number[]) =>
            mapped(map, shares).reduce((sum, x, j) => sum + slopes[j] * x, 0)
          const pulled = new Float64Array(weights.length)
          map.pullBack(weights, slopes, pulled)
          weights.forEach((_, j) => {
            const shifted = (by: number) => weights.map((w, k) => (k === j ? w + by : w))
            const slope = (along(shifted(1e-6)) - along(shifted(-1e-6))) / 2e-6
            expect(Math.abs(pulled[j] - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)))
          })
        }),
        { numRuns: 50 },
      )
    })

  test('by log-ratios keeps the distances of centred logarithms', () => {
    const centred = (weights: number[]) => {
      const logs = weights.map(Math.log)
      const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length
      return logs.map((log) => log - mean)
    }
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const [one, other] = within(seed)
        const expected = distance(centred(one), centred(other))
        expect(distance(mapped(ILR, one), mapped(ILR, other))).toBeCloseTo(expected, 10)
      }),
    )
  })

  test('by square roots has the distance √2 for mixtures with nothing in common', () => {
    const [one, other] = [
      [0.5, 0.5, 0, 0],
      [0, 0, 0.2, 0.8],
    ]
    expect(distance(mapped(SQRT, one), mapped(SQRT, other))).toBeCloseTo(Math.SQRT2, 14)
  })

  test('has an answer at the corners', () => {
    for (const map of [RAW, SQRT, ILR]) {
      const corner = [1, 0, 0]
      const pulled = new Float64Array(3)
      map.pullBack(corner, mapped(map, corner), pulled)
      expect([...mapped(map, corner), ...pulled].every(Number.isFinite)).toBe(true)
    }
  })
})
